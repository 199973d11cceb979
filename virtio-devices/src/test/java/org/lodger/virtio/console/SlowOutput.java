// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.console;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** A host that takes what the guest writes, but only while it is let. */
final class SlowOutput implements GuestOutput {
  private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
  private boolean blocked;
  private boolean failing;

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
    while (blocked) {
      try {
        wait();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }
    if (failing) {
      throw new IOException("closed");
    }
    taken.write(bytes, offset, length);
    notifyAll();
  }

  synchronized void block() {
    blocked = true;
  }

  synchronized void unblock() {
    blocked = false;
    notifyAll();
  }

  synchronized void fail() {
    failing = true;
  }

  synchronized byte[] await(int length) throws InterruptedException {
    while (taken.size() < length) {
      wait();
    }
    return taken.toByteArray();
  }

  synchronized String text() {
    return taken.toString(StandardCharsets.UTF_8);
  }
}
