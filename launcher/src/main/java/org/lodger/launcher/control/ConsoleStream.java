// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Queue;
import org.lodger.launcher.console.GuestConsole;
import org.lodger.virtio.console.ConsolePort;
import org.lodger.virtio.console.GuestOutput;

/**
 * Somebody who has attached to a guest's console: its bytes, in both directions. One who does not
 * read misses something; the guest does not wait.
 */
final class ConsoleStream implements GuestOutput {
  static final String PROTOCOL = "lodger-console";
  static final int QUEUE_BYTES = 1 << 20;

  private final GuestConsole console;
  private final ConsolePort keyboard;
  private final Queue<byte[]> queue = new ArrayDeque<>();
  private int queued;
  private long missed;
  private boolean ended;

  ConsoleStream(GuestConsole console, ConsolePort keyboard) {
    this.console = console;
    this.keyboard = keyboard;
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) {
    if (queued + length > QUEUE_BYTES) {
      missed += length;
      return;
    }
    tellMissed();
    byte[] copy = new byte[length];
    System.arraycopy(bytes, offset, copy, 0, length);
    add(copy);
  }

  private void tellMissed() {
    if (missed > 0) {
      String note = "\r\n[lodger: " + missed + " bytes are missing here]\r\n";
      missed = 0;
      add(note.getBytes(StandardCharsets.US_ASCII));
    }
  }

  private void add(byte[] bytes) {
    queue.add(bytes);
    queued += bytes.length;
    notifyAll();
  }

  /** Returns when the other side has left. */
  void serve(InputStream in, OutputStream out) throws IOException {
    Thread writer = new Thread(() -> writeTo(out), "console-viewer");
    writer.setDaemon(true);
    writer.start();
    console.add(this);
    try {
      byte[] typed = new byte[4096];
      int n;
      while ((n = in.read(typed)) > 0 && keyboard.send(typed, 0, n)) {}
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      console.remove(this);
      end();
    }
  }

  private void writeTo(OutputStream out) {
    try {
      for (byte[] bytes = take(); bytes != null; bytes = take()) {
        out.write(bytes);
        written(bytes.length);
      }
    } catch (IOException e) {
      // It has left; its input ends, too.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized byte[] take() throws InterruptedException {
    while (queue.isEmpty()) {
      if (ended) {
        return null;
      }
      wait();
    }
    return queue.remove();
  }

  private synchronized void written(int length) {
    queued -= length;
    notifyAll();
  }

  /** Waits until everything is written, if not for long. */
  synchronized void drain(long millis) throws InterruptedException {
    long end = System.nanoTime() + millis * 1_000_000;
    for (long left = millis; queued > 0 && left > 0; ) {
      wait(left);
      left = (end - System.nanoTime()) / 1_000_000;
    }
  }

  private synchronized void end() {
    ended = true;
    queue.clear();
    notifyAll();
  }
}
