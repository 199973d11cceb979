// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.bus;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.launcher.Log;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.process.Vcpu;
import org.lodger.virtio.VirtioDevice;

/**
 * The guest's bus: a page of device descriptors, after lguest's. Devices come and go while the
 * guest runs; a slot that has become empty is used again.
 */
public final class DevicePage implements AutoCloseable {
  private final GuestMemory ram;
  private final GuestMemory control;
  private final Vcpu vcpu;
  private final Log log;

  /** Guarded by this. */
  private final DeviceSlot[] slots = new DeviceSlot[Abi.MAX_DEVICES];

  private volatile Consumer<VirtioDevice> unplugged = device -> {};

  /** The switcher has them all from the start: it takes none later. */
  private final int[] doorbells = new int[Abi.MAX_DEVICES];

  public DevicePage(GuestMemory ram, GuestMemory control, Vcpu vcpu, Log log) {
    this.ram = ram;
    this.control = control;
    this.vcpu = vcpu;
    this.log = log;
    Arrays.setAll(doorbells, i -> Host.eventfd());
  }

  static long slot(int index) {
    return Abi.CONTROL_DEVICES + (long) index * Abi.Device.SIZE_OF;
  }

  /** Guests number disks and consoles in the order in which they were added. */
  public synchronized void add(VirtioDevice device) {
    int i = 0;
    while (slots[i] != null) {
      if (++i == slots.length) {
        throw new UsageException("a guest has at most " + Abi.MAX_DEVICES + " devices");
      }
    }
    slots[i] = new DeviceSlot(i, doorbells[i], device, ram, control, vcpu, log, this::freed);
  }

  /** Adds a device to a guest that runs. */
  public void plug(VirtioDevice device) {
    add(device);
    vcpu.interrupt(Abi.IRQ_SLOTS);
  }

  /** Waits until the guest's driver uses the device; false if that does not come in time. */
  public boolean awaitDriver(VirtioDevice device, long millis) throws InterruptedException {
    Optional<DeviceSlot> slot = find(device);
    return slot.isPresent() && slot.get().awaitDriver(millis);
  }

  /**
   * Takes a device away, which closes it. The guest must agree: it writes back what it holds for
   * the device first.
   *
   * @return false if the guest has not let go of the device in time; it may still do so
   */
  public boolean unplug(VirtioDevice device, long millis) throws InterruptedException {
    Optional<DeviceSlot> slot = find(device);
    if (slot.isEmpty()) {
      return true;
    }
    slot.get().askBack();
    vcpu.interrupt(Abi.IRQ_SLOTS);
    return slot.get().awaitEmpty(millis);
  }

  private Optional<DeviceSlot> find(VirtioDevice device) {
    return used().stream().filter(slot -> slot.device() == device).findFirst();
  }

  private synchronized List<DeviceSlot> used() {
    return Arrays.stream(slots).filter(Objects::nonNull).toList();
  }

  /** Who wants to know when a device has been taken away. */
  public void onUnplugged(Consumer<VirtioDevice> listener) {
    unplugged = listener;
  }

  private void freed(int index) {
    VirtioDevice device;
    synchronized (this) {
      device = slots[index].device();
      slots[index] = null;
    }
    unplugged.accept(device);
  }

  /**
   * What went on between a device and its driver.
   *
   * @param doorbells how often the driver rang
   * @param interrupts how often the device did
   */
  public record Metrics(String name, long doorbells, long interrupts) {}

  public List<Metrics> metrics() {
    return used().stream().map(DeviceSlot::metrics).toList();
  }

  /** The descriptor that wakes each device, by the device's index. */
  public Map<Integer, Integer> doorbells() {
    Map<Integer, Integer> byIndex = new HashMap<>();
    for (int i = 0; i < doorbells.length; i++) {
      byIndex.put(i, doorbells[i]);
    }
    return byIndex;
  }

  /** Makes all devices as they were at first, for a guest that starts again. */
  public void restart() throws InterruptedException {
    for (DeviceSlot slot : used()) {
      slot.restart();
    }
  }

  @Override
  public void close() throws InterruptedException {
    for (DeviceSlot slot : used()) {
      slot.close();
    }
    for (int doorbell : doorbells) {
      Host.close(doorbell);
    }
  }
}
