// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;

/**
 * Copies a guest's log while it grows, until its launcher is gone. A guest that fills a file of its
 * log more than once in a moment gets ahead of us, and the part between is not shown.
 */
public final class LogFollower {
  private static final int PAUSE_MS = 100;
  private static final int NONE = -1;

  private final GuestFiles files;
  private final OutputStream out;
  private final byte[] buffer = new byte[1 << 16];

  /** The newer file of the log when we last looked, read to its end. */
  private int file = NONE;

  public LogFollower(GuestFiles files, OutputStream out) {
    this.files = files;
    this.out = out;
  }

  /**
   * Returns when the guest has ended and all is copied; at once, and false, if no such guest runs.
   *
   * @throws IOException if nobody takes what we copy
   */
  public boolean follow() throws IOException, InterruptedException {
    // The very file that its launcher has locked: a later guest of that name locks another one.
    int lock = open(files.lock());
    if (lock == NONE) {
      return false;
    }
    copyOlder();
    copyNew();
    while (!Host.tryLock(lock, false)) {
      Thread.sleep(PAUSE_MS);
      copyNew();
    }
    Host.close(lock); // who starts the next guest of that name must not wait for our reader
    copyNew();
    close();
    return true;
  }

  private void copyOlder() throws IOException {
    file = open(files.olderLog());
    if (file != NONE) {
      copyRest();
      close();
    }
  }

  private void copyNew() throws IOException {
    if (file != NONE) {
      copyRest();
    }
    while (file == NONE || !NameClaim.isStill(files.log(), file)) {
      if (file != NONE) {
        copyRest(); // nothing is added to it any more
        close();
      }
      file = open(files.log());
      if (file == NONE) {
        return; // it has said nothing yet, or has ended
      }
      copyRest();
    }
  }

  private void copyRest() throws IOException {
    for (int n = Host.read(file, buffer); n > 0; n = Host.read(file, buffer)) {
      out.write(buffer, 0, n);
    }
    out.flush();
  }

  private static int open(Path path) {
    try {
      return Host.open(path.toString(), Host.O_RDWR, 0);
    } catch (HostException e) {
      return NONE;
    }
  }

  private void close() {
    if (file != NONE) {
      Host.close(file);
      file = NONE;
    }
  }
}
