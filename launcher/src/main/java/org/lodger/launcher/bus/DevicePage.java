// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.bus;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.launcher.Log;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.process.Vcpu;
import org.lodger.virtio.VirtioDevice;

/** The guest's bus: a page of device descriptors, after lguest's. */
public final class DevicePage implements AutoCloseable {
  private final GuestMemory ram;
  private final GuestMemory control;
  private final Vcpu vcpu;
  private final Log log;
  private final List<DeviceSlot> slots = new ArrayList<>();

  public DevicePage(GuestMemory ram, GuestMemory control, Vcpu vcpu, Log log) {
    this.ram = ram;
    this.control = control;
    this.vcpu = vcpu;
    this.log = log;
  }

  static long slot(int index) {
    return Abi.CONTROL_DEVICES + (long) index * Abi.Device.SIZE_OF;
  }

  /** Guests number disks and consoles in the order in which they were added. */
  public void add(VirtioDevice device) {
    if (slots.size() == Abi.MAX_DEVICES) {
      throw new UsageException("a guest has at most " + Abi.MAX_DEVICES + " devices");
    }
    slots.add(new DeviceSlot(slots.size(), device, ram, control, vcpu, log));
  }

  /**
   * What went on between a device and its driver.
   *
   * @param doorbells how often the driver rang
   * @param interrupts how often the device did
   */
  public record Metrics(String name, long doorbells, long interrupts) {}

  public List<Metrics> metrics() {
    return slots.stream().map(DeviceSlot::metrics).toList();
  }

  /** The descriptor that wakes each device, by the device's index. */
  public Map<Integer, Integer> doorbells() {
    Map<Integer, Integer> doorbells = new HashMap<>();
    for (int i = 0; i < slots.size(); i++) {
      doorbells.put(i, slots.get(i).doorbell());
    }
    return doorbells;
  }

  /** Makes all devices as they were at first, for a guest that starts again. */
  public void restart() throws InterruptedException {
    for (DeviceSlot slot : slots) {
      slot.restart();
    }
  }

  @Override
  public void close() throws InterruptedException {
    for (DeviceSlot slot : slots) {
      slot.close();
    }
  }
}
