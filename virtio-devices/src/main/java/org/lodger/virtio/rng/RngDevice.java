// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.rng;

import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;
import org.lodger.virtio.VirtioDevice;

/** The entropy device (virtio 1.2, section 5.4): the host's getrandom, straight into the guest. */
public final class RngDevice implements VirtioDevice {
  private static final int DEVICE_ID = 4;
  private static final int QUEUE_SIZE = 8;

  /** A driver may ask for gigabytes at once; it gets this much and asks again. */
  private static final int REQUEST_MAX = 1 << 16;

  private final GuestMemory ram;
  private VirtQueue queue;
  private DeviceHost host;

  public RngDevice(GuestMemory ram) {
    this.ram = ram;
  }

  @Override
  public int deviceId() {
    return DEVICE_ID;
  }

  @Override
  public String name() {
    return "rng";
  }

  @Override
  public long features() {
    return 0;
  }

  @Override
  public int queueCount() {
    return 1;
  }

  @Override
  public int queueSizeMax(int queue) {
    return QUEUE_SIZE;
  }

  @Override
  public byte[] config() {
    return new byte[0];
  }

  @Override
  public void activate(long acceptedFeatures, VirtQueue[] queues, DeviceHost host) {
    queue = queues[0];
    this.host = host;
  }

  @Override
  public void notified(int index) {
    if (queue == null) {
      return;
    }
    do {
      queue.suppressNotifications();
      for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
        queue.complete(chain, fill(chain));
      }
    } while (queue.requestNotifications());
    if (queue.publish()) {
      host.interruptQueues();
    }
  }

  private long fill(DescriptorChain chain) {
    if (chain.writableBytes() == 0) {
      throw new BadRingException("request for entropy without writable bytes");
    }
    long length = Math.min(chain.writableBytes(), REQUEST_MAX);
    chain.forEachWritable(0, length, this::fill);
    return length;
  }

  private void fill(long address, long length) {
    long at = ram.address(address, length);
    long end = at + length;
    while (at < end) {
      at += Host.getrandom(at, end - at);
    }
  }

  @Override
  public void reset() {
    queue = null;
  }

  @Override
  public void close() {}
}
