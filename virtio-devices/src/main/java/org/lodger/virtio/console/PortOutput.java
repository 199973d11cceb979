// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.console;

import java.io.IOException;
import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;

/**
 * Guest to host. Linux spins with interrupts off until the device has taken a console write, so the
 * device's thread copies into a buffer at once, and a thread of the port's own writes that out as
 * slowly as the host likes. A full buffer leaves the rest in the queue.
 */
final class PortOutput {
  private static final int BUFFER_BYTES = 1 << 16;

  private final String name;
  private final GuestOutput output;

  private VirtQueue queue;
  private DeviceHost host;
  private DescriptorChain current;
  private long position;

  /** A ring: {@code count} bytes from {@code start}. They stay there while they are written out. */
  private byte[] buffer;

  private int start;
  private int count;

  private Thread writer;
  private boolean outputFailed;
  private boolean closed;

  PortOutput(String name, GuestOutput output) {
    this.name = name;
    this.output = output;
  }

  synchronized void attach(VirtQueue queue, DeviceHost host) {
    this.queue = queue;
    this.host = host;
    if (queue != null && buffer == null) {
      buffer = new byte[BUFFER_BYTES];
    }
  }

  synchronized void detach() {
    queue = null;
    current = null;
  }

  /** On the device's thread: the guest has added buffers. */
  void transmitted() {
    DeviceHost to;
    boolean interrupt;
    synchronized (this) {
      if (queue == null) {
        return;
      }
      to = host;
      try {
        interrupt = fill();
      } finally {
        wakeWriter();
      }
    }
    if (interrupt) {
      to.interruptQueues();
    }
  }

  /** Moves what fits from the queue to the buffer; true if the driver wants an interrupt. */
  private boolean fill() {
    int moved = 0;
    do {
      queue.suppressNotifications();
      moved += move();
      // A guest that never stops must not keep this thread from other ports. What we leave behind
      // is taken by the writer, which comes here after everything it wrote out.
    } while (count < buffer.length && moved < buffer.length && queue.requestNotifications());
    return queue.publish();
  }

  private int move() {
    int moved = 0;
    while (count < buffer.length) {
      if (current == null) {
        current = queue.next();
        position = 0;
        if (current == null) {
          break;
        }
        if (current.readableBytes() == 0) {
          throw new BadRingException("transmit buffer without readable bytes");
        }
      }
      int free = (start + count) % buffer.length;
      int room = Math.min(buffer.length - count, buffer.length - free);
      int part = current.read(position, buffer, free, room);
      count += part;
      moved += part;
      position += part;
      if (position == current.readableBytes()) {
        queue.complete(current, 0);
        current = null;
      }
    }
    return moved;
  }

  private void wakeWriter() {
    if (count > 0 && writer == null) {
      writer = new Thread(this::writeOut, name);
      writer.setDaemon(true);
      writer.start();
    }
    notifyAll();
  }

  private void writeOut() {
    while (awaitBytes()) {
      int length;
      synchronized (this) {
        length = Math.min(count, buffer.length - start);
      }
      write(start, length);
      written(length);
    }
  }

  private synchronized boolean awaitBytes() {
    while (count == 0 && !closed) {
      try {
        wait();
      } catch (InterruptedException e) {
        return false;
      }
    }
    return count > 0;
  }

  private void write(int offset, int length) {
    if (outputFailed) {
      return;
    }
    try {
      output.write(buffer, offset, length);
    } catch (IOException e) {
      // Whoever gave us the output knows. The guest's writers must not hang because of it.
      outputFailed = true;
    }
  }

  private void written(int length) {
    DeviceHost to;
    boolean interrupt = false;
    String bad = null;
    synchronized (this) {
      start = (start + length) % buffer.length;
      count -= length;
      to = host;
      if (queue != null) {
        try {
          interrupt = fill();
        } catch (BadRingException e) {
          bad = e.getMessage();
          detach();
        }
      }
    }
    if (bad != null) {
      to.broken(bad);
    } else if (interrupt) {
      to.interruptQueues();
    }
  }

  /** Writes out all that the guest has sent, as far as its ring makes sense, then ends. */
  void close() {
    synchronized (this) {
      if (queue != null) {
        try {
          fill();
        } catch (BadRingException e) {
          detach();
        }
        wakeWriter();
      }
      closed = true;
      notifyAll();
      if (writer == null) {
        return;
      }
    }
    try {
      writer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
