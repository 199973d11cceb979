// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.lodger.hypercall.GuestMemory;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;
import org.lodger.virtio.VirtioDevice;

/**
 * The block device (virtio 1.2, section 5.2). The device's thread takes requests; a few workers
 * carry them out, so that one slow sector holds up nobody else, and complete them in any order.
 * Only what the host has in memory anyway is read and written at once.
 */
public final class BlockDevice implements VirtioDevice {
  private static final int DEVICE_ID = 2;
  private static final int WORKERS = 4;

  private static final long F_SIZE_MAX = 1 << 1;
  private static final long F_SEG_MAX = 1 << 2;
  private static final long F_RO = 1 << 5;
  private static final long F_BLK_SIZE = 1 << 6;
  private static final long F_FLUSH = 1 << 9;
  private static final long F_TOPOLOGY = 1 << 10;
  private static final long F_DISCARD = 1 << 13;
  private static final long F_WRITE_ZEROES = 1 << 14;

  private final String name;
  private final DiskFile disk;
  private final BlockHandler handler;
  private final ExecutorService workers;
  private final Pace pace = new Pace();
  private VirtQueue queue;
  private DeviceHost host;
  private Lookout lookout;
  private int inFlight;

  /**
   * @param name for threads and log lines
   * @param disk becomes this device's, which closes it
   * @param serial at most 20 bytes; the guest shows it in /sys/block/vdX/serial
   * @param log gets a line for each new way in which the host fails a request
   */
  public BlockDevice(
      String name, GuestMemory ram, DiskFile disk, String serial, Consumer<String> log) {
    if (serial.getBytes(StandardCharsets.UTF_8).length > BlockHandler.ID_BYTES) {
      throw new DiskException(
          disk + ": serial " + serial + " is longer than 20 bytes; choose a shorter one");
    }
    this.name = name;
    this.disk = disk;
    handler = new BlockHandler(ram, disk, serial, log);
    workers =
        Executors.newFixedThreadPool(
            WORKERS,
            task -> {
              Thread thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            });
  }

  @Override
  public int deviceId() {
    return DEVICE_ID;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long features() {
    long features = F_SIZE_MAX | F_SEG_MAX | F_BLK_SIZE | F_TOPOLOGY;
    if (disk.isReadOnly()) {
      return features | F_RO;
    }
    // A driver that may flush believes in a cache: a disk that writes through must not offer it.
    long cached = disk.cache() == CacheMode.WRITETHROUGH ? 0 : F_FLUSH;
    return features | cached | F_DISCARD | F_WRITE_ZEROES;
  }

  @Override
  public int queueCount() {
    return 1;
  }

  @Override
  public int queueSizeMax(int queue) {
    return BlockConfig.QUEUE_SIZE;
  }

  @Override
  public byte[] config() {
    return BlockConfig.encode(disk.size());
  }

  @Override
  public void activate(long acceptedFeatures, VirtQueue[] queues, DeviceHost host) {
    queue = queues[0];
    this.host = host;
    lookout = new Lookout(queue, host, System::nanoTime);
    handler.setWriteThrough((acceptedFeatures & F_FLUSH) == 0);
  }

  @Override
  public void notified(int index) {
    if (queue == null) {
      return;
    }
    lookout.begin();
    do {
      queue.suppressNotifications();
      while (lookout.await()) {
        start(BlockRequest.parse(queue.next()));
      }
    } while (queue.requestNotifications());
  }

  private void start(BlockRequest request) {
    synchronized (this) {
      inFlight++;
    }
    if (request.isTransfer() && pace.isFast()) {
      carryOut(request, lookout::interrupt);
    } else {
      workers.execute(() -> carryOut(request, host::interruptQueues));
    }
  }

  private void carryOut(BlockRequest request, Runnable interrupt) {
    try {
      long start = System.nanoTime();
      byte status = handler.execute(request);
      if (request.isTransfer()) {
        pace.took(System.nanoTime() - start, request.inBytes() + request.outBytes());
      }
      queue.complete(request.chain(), request.finish(status));
      if (queue.publish()) {
        interrupt.run();
      }
    } finally {
      synchronized (this) {
        inFlight--;
        notifyAll();
      }
    }
  }

  @Override
  public synchronized void reset() {
    boolean interrupted = false;
    while (inFlight > 0) {
      try {
        wait();
      } catch (InterruptedException e) {
        // The memory is the host's to write until then: there is no way to stop waiting.
        interrupted = true;
      }
    }
    queue = null;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for the requests in flight, and closes the disk. */
  @Override
  public void close() {
    reset();
    workers.shutdown();
    disk.close();
  }
}
