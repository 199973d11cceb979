// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.balloon;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.lodger.hypercall.GuestMemory;
import org.lodger.virtio.DescriptorChain;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;
import org.lodger.virtio.VirtioDevice;

/**
 * The memory balloon (virtio 1.2, section 5.5). The host gets memory back in two ways: the driver
 * reports what happens to be free, all the time and by itself; and it hands over pages until the
 * balloon has the size that the host asks for.
 */
public final class BalloonDevice implements VirtioDevice {
  /** Of the pages that the balloon counts. */
  public static final int PAGE = 4096;

  private static final int DEVICE_ID = 5;
  private static final long F_STATS_VQ = 1 << 1;
  private static final long F_DEFLATE_ON_OOM = 1 << 2;
  private static final long F_REPORTING = 1 << 5;

  private static final int QUEUE_SIZE = 128;
  private static final int INFLATE = 0;
  private static final int DEFLATE = 1;

  private final long ramPages;
  private final PageReturn pages;
  private final StatsQueue stats = new StatsQueue();

  private VirtQueue[] queues = {};
  private int statsQueue;
  private int reportingQueue;
  private volatile DeviceHost host;
  private volatile int target;
  private volatile int actual;

  public BalloonDevice(GuestMemory ram) {
    ramPages = ram.size() / PAGE;
    pages = new PageReturn(ram);
  }

  /**
   * Asks the guest to hand over this many pages of 4096 bytes in all; it takes its time, and takes
   * pages back when it would run out of memory. May be called at any time.
   */
  public void setTarget(int pages) {
    if (pages < 0 || pages > ramPages) {
      throw new IllegalArgumentException(
          "a balloon of " + pages + " pages in a guest of " + ramPages);
    }
    target = pages;
    DeviceHost to = host;
    if (to != null) {
      to.configChanged();
    }
  }

  /** What was asked for last, in pages. */
  public int target() {
    return target;
  }

  /** How many pages the balloon has, as the driver says. */
  public int actual() {
    return actual;
  }

  /** The guest's own view of its memory; empty if it does not answer within the time. */
  public Optional<BalloonStats> stats(long timeoutMillis) throws InterruptedException {
    return stats.ask(timeoutMillis);
  }

  @Override
  public int deviceId() {
    return DEVICE_ID;
  }

  @Override
  public String name() {
    return "balloon";
  }

  @Override
  public long features() {
    return F_STATS_VQ | F_DEFLATE_ON_OOM | F_REPORTING;
  }

  @Override
  public int queueCount() {
    return 4;
  }

  @Override
  public int queueSizeMax(int queue) {
    return QUEUE_SIZE;
  }

  /** {@code struct virtio_balloon_config { le32 num_pages; le32 actual; }}, the latter driver's. */
  @Override
  public byte[] config() {
    return ByteBuffer.allocate(8)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(target)
        .putInt(actual)
        .array();
  }

  @Override
  public void configWritten(byte[] config) {
    int said = ByteBuffer.wrap(config).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
    actual = (int) Math.min(Integer.toUnsignedLong(said), ramPages);
  }

  @Override
  public void activate(long acceptedFeatures, VirtQueue[] queues, DeviceHost host) {
    this.queues = queues;
    // A queue that goes with a feature exists only if the driver took it; the next moves up.
    int next = DEFLATE + 1;
    statsQueue = (acceptedFeatures & F_STATS_VQ) != 0 ? next++ : -1;
    reportingQueue = (acceptedFeatures & F_REPORTING) != 0 ? next : -1;
    if (statsQueue > 0 && queues[statsQueue] != null) {
      stats.attach(queues[statsQueue], host);
    }
    this.host = host;
  }

  @Override
  public void notified(int index) {
    if (index >= queues.length || queues[index] == null) {
      return;
    }
    if (index == statsQueue) {
      stats.serve();
    } else if (index == INFLATE || index == DEFLATE || index == reportingQueue) {
      serve(index);
    }
  }

  private void serve(int index) {
    VirtQueue queue = queues[index];
    do {
      queue.suppressNotifications();
      for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
        if (index == INFLATE) {
          pages.listed(chain);
        } else if (index == reportingQueue) {
          pages.reported(chain);
        }
        // Nothing is to be done for pages that leave the balloon: the first touch fills them.
        queue.complete(chain, 0);
      }
      // The driver waits for each answer before it goes on.
      if (queue.publish()) {
        host.interruptQueues();
      }
    } while (queue.requestNotifications());
  }

  @Override
  public void reset() {
    host = null;
    queues = new VirtQueue[0];
    stats.detach();
    actual = 0;
  }

  @Override
  public void close() {
    stats.detach();
  }
}
