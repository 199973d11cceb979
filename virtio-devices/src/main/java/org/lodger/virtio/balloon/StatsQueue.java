// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.balloon;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;

/**
 * The statistics queue (virtio 1.2, section 5.5.6.3) works backwards: the driver offers one buffer
 * and fills it anew when the device hands it back.
 */
final class StatsQueue {
  private VirtQueue queue;
  private DeviceHost host;
  private DescriptorChain held;
  private BalloonStats latest;

  synchronized void attach(VirtQueue queue, DeviceHost host) {
    this.queue = queue;
    this.host = host;
  }

  synchronized void detach() {
    queue = null;
    held = null;
    notifyAll();
  }

  /** On the device's thread: the driver has filled a buffer. */
  synchronized void serve() {
    if (queue == null) {
      return;
    }
    do {
      for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
        if (held != null) {
          throw new BadRingException("a second buffer of statistics");
        }
        held = chain;
        byte[] bytes = new byte[BalloonStats.BYTES_MAX];
        latest = BalloonStats.decode(bytes, chain.read(0, bytes, 0, bytes.length));
        notifyAll();
      }
    } while (queue.requestNotifications());
  }

  Optional<BalloonStats> ask(long timeoutMillis) throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
    DeviceHost to;
    boolean interrupt = false;
    synchronized (this) {
      latest = null;
      to = host;
      if (queue != null && held != null) {
        queue.complete(held, 0);
        held = null;
        interrupt = queue.publish();
      }
    }
    // Outside the lock: the transport has locks of its own.
    if (interrupt) {
      to.interruptQueues();
    }
    synchronized (this) {
      while (latest == null && queue != null) {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        if (left <= 0) {
          break;
        }
        wait(left);
      }
      return Optional.ofNullable(latest);
    }
  }
}
