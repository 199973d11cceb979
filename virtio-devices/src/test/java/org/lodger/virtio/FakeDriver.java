// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.lodger.hypercall.GuestMemory;

/**
 * A driver and a transport in one: it owns a little guest memory, sets up queues in it, and calls
 * the device as the transport would, on the test's own thread.
 */
public final class FakeDriver implements DeviceHost, AutoCloseable {
  public final GuestMemory ram = GuestMemory.create("test-guest", 16 << 20);
  public final List<FakeQueue> queues = new ArrayList<>();
  public final AtomicInteger interrupts = new AtomicInteger();
  public final AtomicInteger configChanges = new AtomicInteger();
  public volatile String broken;
  public volatile boolean idle = true;
  private final Thread thread = Thread.currentThread();
  private VirtioDevice device;
  private long free = 4096;

  public FakeDriver() {}

  public FakeDriver(VirtioDevice device, long features) {
    start(device, features);
  }

  /** Sets up every queue and activates the device. */
  public void start(VirtioDevice device, long features) {
    this.device = device;
    queues.clear();
    VirtQueue[] deviceQueues = new VirtQueue[device.queueCount()];
    for (int i = 0; i < deviceQueues.length; i++) {
      boolean eventIdx = (features & VirtQueue.FEATURE_EVENT_IDX) != 0;
      queues.add(new FakeQueue(this, device.queueSizeMax(i), eventIdx));
      deviceQueues[i] = queues.get(i).device();
    }
    device.activate(features, deviceQueues, this);
  }

  public FakeQueue queue(int index) {
    return queues.get(index);
  }

  /** Rings the doorbell; a broken ring stops the device as the transport would. */
  public void kick(int queue) {
    try {
      device.notified(queue);
    } catch (BadRingException e) {
      broken(e.getMessage());
    }
  }

  public long allocate(long bytes) {
    long at = free;
    free += bytes + 15 & ~15L;
    ram.address(at, bytes);
    return at;
  }

  public long put(byte[] bytes) {
    long at = allocate(bytes.length);
    ram.write(at, bytes, 0, bytes.length);
    return at;
  }

  public long put(String text) {
    return put(text.getBytes(StandardCharsets.UTF_8));
  }

  public byte[] get(long at, int length) {
    byte[] bytes = new byte[length];
    ram.read(at, bytes, 0, length);
    return bytes;
  }

  @Override
  public void interruptQueues() {
    interrupts.incrementAndGet();
  }

  @Override
  public void configChanged() {
    configChanges.incrementAndGet();
  }

  @Override
  public boolean guestIsIdle() {
    return idle;
  }

  /** As in the transport, it is one thread that resets the device: another's call waits for it. */
  @Override
  public void broken(String why) {
    broken = why;
    if (Thread.currentThread() == thread) {
      device.reset();
    }
  }

  @Override
  public void close() {
    if (device != null) {
      device.reset();
      device.close();
    }
    ram.close();
  }
}
