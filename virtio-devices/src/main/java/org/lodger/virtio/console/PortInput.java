// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.console;

import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;

/**
 * Host to guest. There is no buffer of ours: a sender waits until the guest has given one, and so
 * the reader of a keyboard or a pipe pauses by itself while the guest is busy.
 */
final class PortInput {
  private final Object oneSender = new Object();

  private VirtQueue queue;
  private DeviceHost host;
  private boolean guestOpen;
  private boolean closed;

  boolean send(byte[] bytes, int offset, int length) throws InterruptedException {
    synchronized (oneSender) {
      int end = offset + length;
      while (offset < end) {
        int sent = sendSome(bytes, offset, end - offset);
        if (sent < 0) {
          return false;
        }
        offset += sent;
      }
      return true;
    }
  }

  /** Fills as many buffers as the guest has; waits for the first one. -1 once closed. */
  private int sendSome(byte[] bytes, int offset, int length) throws InterruptedException {
    int sent = 0;
    boolean interrupt = false;
    String bad = null;
    DeviceHost to;
    synchronized (this) {
      while (!ready()) {
        if (closed) {
          return -1;
        }
        wait();
      }
      to = host;
      try {
        sent = fill(bytes, offset, length);
        interrupt = queue.publish();
        if (sent == 0) {
          wait();
        }
      } catch (BadRingException e) {
        bad = e.getMessage();
        queue = null;
      }
    }
    // Outside the lock: the transport has locks of its own.
    if (bad != null) {
      to.broken(bad);
    } else if (interrupt) {
      to.interruptQueues();
    }
    return sent;
  }

  private boolean ready() {
    return !closed && guestOpen && queue != null;
  }

  private int fill(byte[] bytes, int offset, int length) {
    int sent = 0;
    while (sent < length) {
      DescriptorChain chain = queue.next();
      if (chain == null) {
        if (queue.requestNotifications()) {
          continue;
        }
        return sent;
      }
      queue.suppressNotifications();
      int part = chain.write(0, bytes, offset + sent, length - sent);
      if (part == 0) {
        throw new BadRingException("receive buffer without writable bytes");
      }
      queue.complete(chain, part);
      sent += part;
    }
    return sent;
  }

  synchronized void attach(VirtQueue queue, DeviceHost host, boolean open) {
    this.queue = queue;
    this.host = host;
    guestOpen = open;
    notifyAll();
  }

  synchronized void guestOpened(boolean open) {
    guestOpen = open;
    notifyAll();
  }

  synchronized void buffersAdded() {
    notifyAll();
  }

  synchronized void detach() {
    queue = null;
    guestOpen = false;
  }

  synchronized void close() {
    closed = true;
    notifyAll();
  }
}
