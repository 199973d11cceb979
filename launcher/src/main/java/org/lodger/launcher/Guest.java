// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;
import org.lodger.launcher.boot.BootInfo;
import org.lodger.launcher.boot.ElfImage;
import org.lodger.launcher.bus.DevicePage;
import org.lodger.launcher.process.Counters;
import org.lodger.launcher.process.GuestEnd;
import org.lodger.launcher.process.GuestTasks;
import org.lodger.launcher.process.Programs;
import org.lodger.launcher.process.Switcher;
import org.lodger.launcher.process.Vcpu;
import org.lodger.virtio.VirtioDevice;

/** A guest: its memory, its devices, and its life from the first start to the last stop. */
public final class Guest implements AutoCloseable {
  private static final int PAGE = 4096;

  /**
   * What a guest is made of.
   *
   * @param initrd may be empty
   * @param cpu the number of the host's CPU to run on, or "any"
   * @param restarts whether a reboot starts it again
   */
  public record Plan(
      String name,
      Path kernel,
      long memory,
      byte[] initrd,
      String commandLine,
      String cpu,
      Programs programs,
      boolean restarts) {}

  private final Plan plan;
  private final Log log;
  private final ElfImage kernel;
  private final Switcher switcher;
  private final GuestMemory ram;
  private final GuestMemory control;
  private final Vcpu vcpu;
  private final DevicePage devices;

  public Guest(Plan plan, Log log) {
    this.plan = plan;
    this.log = log;
    kernel = ElfImage.open(plan.kernel());
    switcher = Switcher.load();
    ram = createRam(plan.memory());
    control = GuestMemory.create("lodger-control", Abi.CONTROL_SIZE);
    vcpu = new Vcpu(control);
    devices = new DevicePage(ram, control, vcpu, log);
    fill();
  }

  private static GuestMemory createRam(long size) {
    try {
      return GuestMemory.create("lodger-ram", size);
    } catch (HostException e) {
      throw new UsageException(
          "the host does not give "
              + (size >> 20)
              + "M of memory, use less --mem: "
              + e.getMessage());
    }
  }

  public String name() {
    return plan.name();
  }

  public GuestMemory ram() {
    return ram;
  }

  public void add(VirtioDevice device) {
    devices.add(device);
    log.trace("device: " + device.name());
  }

  /** Adds a device while the guest runs. */
  public void plug(VirtioDevice device) {
    devices.plug(device);
    log.trace("device plugged in: " + device.name());
  }

  /** Waits until the guest's driver uses the device; false if that does not come in time. */
  public boolean awaitDriver(VirtioDevice device, long millis) throws InterruptedException {
    return devices.awaitDriver(device, millis);
  }

  /** Who wants to know when a device has been taken away. */
  public void onUnplugged(Consumer<VirtioDevice> listener) {
    devices.onUnplugged(listener);
  }

  /** Takes a device away once the guest has let go of it; false if it has not done so in time. */
  public boolean unplug(VirtioDevice device, long millis) throws InterruptedException {
    log.trace("device to be unplugged: " + device.name());
    return devices.unplug(device, millis);
  }

  /**
   * Runs the guest until it ends for good. The calling thread must live as long.
   *
   * @param console takes what the guest says before its console device works
   */
  public GuestEnd run(int console) throws InterruptedException {
    Switcher.Start start =
        new Switcher.Start(
            plan.name(), plan.cpu(), plan.programs(), ram, control, console, devices.doorbells());
    while (true) {
      log.trace("the guest starts on CPU " + plan.cpu());
      GuestEnd end = switcher.run(start, vcpu);
      log.trace("the guest ended: " + end);
      if (!end.reboot() || !plan.restarts()) {
        return end;
      }
      // Devices first: one that still takes over output would trip over a cleared ring.
      devices.restart();
      ram.clear();
      control.write(0, new byte[Abi.CONTROL_DEVICES], 0, Abi.CONTROL_DEVICES);
      fill();
    }
  }

  /** Ends the guest at once, as pulling its plug would. */
  public void kill() {
    vcpu.kill();
  }

  public boolean wasKilled() {
    return vcpu.wasKilled();
  }

  /** Stops the guest where it is, with all its processes; false if it does not run. */
  public boolean pause() {
    return vcpu.pause();
  }

  /** Lets a paused guest go on, at the time of the host; false if it is not paused. */
  public boolean resume() {
    return vcpu.resume();
  }

  public boolean isPaused() {
    return vcpu.isPaused();
  }

  /** What its processes have used of the host, or null while it has none. */
  public GuestTasks.Usage usage() {
    return vcpu.usage();
  }

  /** What its switcher counts; all 0 until it has started. */
  public Counters counters() {
    return Counters.read(control);
  }

  /** Bytes of the guest's RAM that the host has given. */
  public long hostMemory() {
    return Host.allocated(ram.fd());
  }

  public List<DevicePage.Metrics> deviceMetrics() {
    return devices.metrics();
  }

  public Plan plan() {
    return plan;
  }

  /** Asks the guest to power off. */
  public void pressPowerButton() {
    vcpu.interrupt(Abi.IRQ_POWER);
  }

  /** Puts the kernel, the initrd and the boot information into zeroed memory. */
  private void fill() {
    kernel.load(ram);
    long initrd = 0;
    byte[] content = plan.initrd();
    if (content.length > 0) {
      initrd = (ram.size() - content.length) / PAGE * PAGE;
      if (initrd < kernel.end()) {
        throw new UsageException("the initrd does not fit into memory; give more with --mem");
      }
      ram.slice(initrd, content.length).put(ByteBuffer.wrap(content));
    }
    new BootInfo(ram.size(), initrd, content.length, kernel.entry(), kernel.text(), plan.commandLine())
        .write(control);
    ram.lookAway();
  }

  /** Ends the devices once they have handed on what the guest gave them. */
  @Override
  public void close() throws InterruptedException {
    devices.close();
    switcher.close();
    kernel.close();
  }
}
