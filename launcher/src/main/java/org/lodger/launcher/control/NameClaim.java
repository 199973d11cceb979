// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.lodger.hypercall.host.Host;
import org.lodger.launcher.UsageException;

/**
 * The right to a name, as long as the guest lives. It is a locked file, so that the host gives it
 * back however the launcher ends; what a killed one left behind goes to the next of that name.
 */
public final class NameClaim implements AutoCloseable {
  private static final String DEFAULT = "guest";
  private static final int PATIENCE_MS = 100;

  private final GuestFiles files;
  private final int lock;
  private boolean keepsLog;
  private boolean closed;

  private NameClaim(GuestFiles files, int lock) {
    this.files = files;
    this.lock = lock;
  }

  /** Claims a name; without one the first that is free of guest, guest-2, guest-3, ... */
  public static NameClaim take(String wanted) {
    return take(RuntimeFolder.find(), wanted);
  }

  static NameClaim take(Path folder, String wanted) {
    NameClaim claim = attempt(new GuestFiles(folder, wanted == null ? DEFAULT : wanted));
    if (wanted == null) {
      for (int i = 2; claim == null; i++) {
        claim = attempt(new GuestFiles(folder, DEFAULT + "-" + i));
      }
    } else if (claim == null) {
      claim = insist(new GuestFiles(folder, wanted));
    }
    claim.takeOver();
    return claim;
  }

  /** Somebody who cleans up has a name for a moment, too. */
  private static NameClaim insist(GuestFiles files) {
    for (int i = 0; i < PATIENCE_MS; i++) {
      LockSupport.parkNanos(1_000_000);
      NameClaim claim = attempt(files);
      if (claim != null) {
        return claim;
      }
    }
    throw new UsageException(
        "a guest called "
            + files.name()
            + " runs already; choose another --name, or stop that one");
  }

  /** Removes what a killed launcher has left; the log and the end of a detached guest stay. */
  static void cleanUp(GuestFiles files) {
    NameClaim claim = attempt(files);
    if (claim != null) {
      claim.keepLog();
      claim.close();
    }
  }

  /** Returns null if the name is taken. */
  private static NameClaim attempt(GuestFiles files) {
    files.socket();
    while (true) {
      int fd = Host.open(files.lock().toString(), Host.O_RDWR | Host.O_CREAT, 0600);
      if (!Host.tryLock(fd, true)) {
        Host.close(fd);
        return null;
      }
      if (isStill(files.lock(), fd)) {
        return new NameClaim(files, fd);
      }
      // Its last owner removed it after we had opened it.
      Host.close(fd);
    }
  }

  /** Is that still the file of this path? */
  static boolean isStill(Path path, int fd) {
    try {
      return identity(path).equals(identity(Path.of("/proc/self/fd/" + fd)));
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      throw new UsageException("cannot use " + path + ": " + e.getMessage());
    }
  }

  private static Map<String, Object> identity(Path path) throws IOException {
    return Files.readAttributes(path, "unix:dev,ino");
  }

  private void takeOver() {
    remove(files.socket());
    remove(files.log());
    remove(files.olderLog());
    remove(files.end());
    Runtime.getRuntime().addShutdownHook(new Thread(this::close, "give-back"));
  }

  public GuestFiles files() {
    return files;
  }

  /** Leaves the log and the end for whoever asks later. */
  public synchronized void keepLog() {
    keepsLog = true;
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    remove(files.socket());
    if (!keepsLog) {
      remove(files.log());
      remove(files.olderLog());
      remove(files.end());
    }
    remove(files.lock());
    Host.close(lock);
  }

  private static void remove(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      // What cannot be removed now, the next guest of that name removes.
    }
  }
}
