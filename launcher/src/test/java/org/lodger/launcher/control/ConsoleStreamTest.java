// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodger.launcher.console.GuestConsole;
import org.lodger.virtio.console.ConsolePort;

/** A viewer that does not read misses something; the guest does not wait for it. */
@Timeout(60)
class ConsoleStreamTest {
  private final GuestConsole console = new GuestConsole(OutputStream.nullOutputStream(), false);
  private final CountDownLatch reading = new CountDownLatch(1);
  private final ByteArrayOutputStream seen = new ByteArrayOutputStream();

  private final OutputStream slow =
      new OutputStream() {
        @Override
        public void write(int b) throws IOException {
          write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          try {
            reading.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
          synchronized (seen) {
            seen.write(bytes, offset, length);
          }
        }
      };

  private boolean saw(String text) {
    synchronized (seen) {
      return seen.toString().contains(text);
    }
  }

  @Test
  void doesNotHoldUpTheGuest() throws Exception {
    ConsolePort port = new ConsolePort("console", console);
    PipedOutputStream hand = new PipedOutputStream();
    PipedInputStream keyboard = new PipedInputStream(hand);
    ConsoleStream stream = new ConsoleStream(console, port);
    Thread server =
        new Thread(
            () -> {
              try {
                stream.serve(keyboard, slow);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    server.start();
    byte[] much = new byte[1 << 16];
    // It blocks for ever if a viewer may hold the console up.
    for (int i = 0; i < 100; i++) {
      console.write(much, 0, much.length);
      Thread.sleep(1);
    }
    reading.countDown();
    while (!saw("bytes are missing here")) {
      console.write("still here\n".getBytes(), 0, 11);
      Thread.sleep(5);
    }
    while (!saw("still here")) {
      Thread.sleep(5);
    }
    synchronized (seen) {
      assertTrue(seen.size() < 100 * much.length, "nothing was left out");
    }
    hand.close();
    server.join();
  }
}
