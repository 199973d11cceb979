// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.console;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;
import org.lodger.virtio.console.GuestOutput;

/**
 * What a guest's console shows. It comes in two ways: through the console device, and before that
 * works (or after it worked for the last time) through a pipe from the switcher. It goes to one
 * output, which may hold the guest up, and to any number of viewers, which may not.
 */
public final class GuestConsole implements GuestOutput, AutoCloseable {
  /**
   * The guest's processes hold the pipe. They die with the first one, if not in the same moment.
   */
  private static final int PATIENCE_MS = 2000;

  private final OutputStream out;
  private final boolean raw;
  private final Tail tail = new Tail();
  private final List<GuestOutput> viewers = new CopyOnWriteArrayList<>();
  private boolean outFailed;
  private final Host.Pipe early = Host.pipe();
  private final Thread reader = new Thread(this::readEarly, "early-console");

  /**
   * @param out where to show it
   * @param raw a terminal that needs a carriage return before each line feed
   */
  public GuestConsole(OutputStream out, boolean raw) {
    this.out = out;
    this.raw = raw;
    reader.setDaemon(true);
    reader.start();
  }

  /** The descriptor for the switcher. */
  public int early() {
    return early.writeEnd();
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) {
    tail.add(bytes, offset, length);
    for (GuestOutput viewer : viewers) {
      show(viewer, bytes, offset, length);
    }
    if (outFailed) {
      return;
    }
    try {
      out.write(bytes, offset, length);
      out.flush();
    } catch (IOException e) {
      // Nobody can read it there; that need not keep the guest from running.
      outFailed = true;
    }
  }

  private void show(GuestOutput viewer, byte[] bytes, int offset, int length) {
    try {
      viewer.write(bytes, offset, length);
    } catch (IOException e) {
      viewers.remove(viewer);
    }
  }

  /**
   * Shows the viewer, too, what comes from now on. It must not block; it leaves by an exception.
   */
  public void add(GuestOutput viewer) {
    viewers.add(viewer);
  }

  public void remove(GuestOutput viewer) {
    viewers.remove(viewer);
  }

  /** The last lines that were shown. */
  public synchronized String lastLines(int count) {
    return tail.lines(count);
  }

  private void readEarly() {
    byte[] bytes = new byte[4096];
    try {
      int n;
      while ((n = Host.read(early.readEnd(), bytes)) > 0) {
        writeEarly(bytes, n);
      }
    } catch (HostException e) {
      // There is no more to come.
    }
  }

  private void writeEarly(byte[] bytes, int length) {
    if (!raw) {
      write(bytes, 0, length);
      return;
    }
    byte[] cooked = new byte[2 * length];
    int n = 0;
    for (int i = 0; i < length; i++) {
      if (bytes[i] == '\n') {
        cooked[n++] = '\r';
      }
      cooked[n++] = bytes[i];
    }
    write(cooked, 0, n);
  }

  /** Shows what is left. When this returns, the guest's processes are gone. */
  @Override
  public void close() throws InterruptedException {
    Host.close(early.writeEnd());
    reader.join(PATIENCE_MS);
  }
}
