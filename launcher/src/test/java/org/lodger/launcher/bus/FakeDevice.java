// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.bus;

import java.util.ArrayList;
import java.util.List;
import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;
import org.lodger.virtio.VirtioDevice;

/** Remembers what the transport does to it. */
final class FakeDevice implements VirtioDevice {
  static final long FEATURE = 1 << 5;

  final List<String> calls = new ArrayList<>();
  volatile byte[] config = {1, 2, 3};
  volatile DeviceHost host;
  volatile boolean breaks;

  @Override
  public int deviceId() {
    return 42;
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public long features() {
    return FEATURE;
  }

  @Override
  public int queueCount() {
    return 2;
  }

  @Override
  public int queueSizeMax(int queue) {
    return 16;
  }

  @Override
  public byte[] config() {
    return config;
  }

  @Override
  public void activate(long features, VirtQueue[] queues, DeviceHost host) {
    this.host = host;
    String sizes = (queues[0] == null ? 0 : queues[0].size()) + "," + queues.length;
    called("activate " + (features & FEATURE) + " " + sizes);
  }

  @Override
  public void notified(int queue) {
    called("notified " + queue);
    if (breaks) {
      throw new BadRingException("a test said so");
    }
  }

  @Override
  public void reset() {
    called("reset");
  }

  @Override
  public void close() {
    called("close");
  }

  private synchronized void called(String what) {
    calls.add(what);
  }

  synchronized List<String> takeCalls() {
    List<String> taken = List.copyOf(calls);
    calls.clear();
    return taken;
  }

  synchronized boolean was(String what) {
    return calls.contains(what);
  }
}
