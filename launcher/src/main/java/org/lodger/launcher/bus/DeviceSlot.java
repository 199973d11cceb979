// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.bus;

import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.launcher.Log;
import org.lodger.launcher.process.Vcpu;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;
import org.lodger.virtio.VirtioDevice;

/**
 * One {@code struct lodger_device}: carries a device's words between the guest's driver and the
 * device. A thread of the slot's own sleeps on the doorbell and does everything that the device
 * interface asks one thread for.
 */
final class DeviceSlot implements DeviceHost {
  private static final int STATUS_DRIVER_OK = 4;
  private static final int STATUS_FEATURES_OK = 8;
  private static final int STATUS_NEEDS_RESET = 0x40;
  private static final int ISR_QUEUES = 1;
  private static final int ISR_CONFIG = 2;

  /** A hostile driver must not fill the log. */
  private static final int COMPLAINTS_MAX = 10;

  private final int index;
  private final VirtioDevice device;
  private final GuestMemory ram;
  private final GuestMemory control;
  private final Vcpu vcpu;
  private final Log log;
  private final long base;
  private final long features;
  private final int doorbell;
  private final IntConsumer freed;
  private final Thread thread;

  private byte[] config;
  private long accepted;
  private int status;
  private boolean active;
  private int complaints;
  private final LongAdder doorbells = new LongAdder();
  private final LongAdder interrupts = new LongAdder();

  /** Guarded by this: what other threads ask of the slot's. */
  private String broken;

  private boolean restart;
  private boolean closed;
  private boolean askedBack;
  private boolean empty;

  /**
   * @param doorbell the eventfd that the switcher rings
   * @param freed is told the index once the guest has given the slot back
   */
  DeviceSlot(
      int index,
      int doorbell,
      VirtioDevice device,
      GuestMemory ram,
      GuestMemory control,
      Vcpu vcpu,
      Log log,
      IntConsumer freed) {
    this.index = index;
    this.doorbell = doorbell;
    this.freed = freed;
    this.device = device;
    this.ram = ram;
    this.control = control;
    this.vcpu = vcpu;
    this.log = log;
    base = DevicePage.slot(index);
    features = device.features() | VirtQueue.FEATURES;
    thread = new Thread(this::serve, "device-" + device.name());
    thread.setDaemon(true);
    describe();
    thread.start();
  }

  VirtioDevice device() {
    return device;
  }

  DevicePage.Metrics metrics() {
    return new DevicePage.Metrics(device.name(), doorbells.sum(), interrupts.sum());
  }

  private void describe() {
    // A guest may write to an empty slot, too.
    control.write(base, new byte[Abi.Device.SIZE_OF], 0, Abi.Device.SIZE_OF);
    control.putInt(base + Abi.Device.NR_QUEUES, device.queueCount());
    control.putLong(base + Abi.Device.DEVICE_FEATURES, features);
    for (int i = 0; i < device.queueCount(); i++) {
      control.putInt(queue(i) + Abi.Queue.SIZE_MAX, device.queueSizeMax(i));
    }
    config = new byte[0];
    writeConfig();
    // Last: it is what says that the slot is not empty.
    control.putIntRelease(base + Abi.Device.DEVICE_ID, device.deviceId());
  }

  private long queue(int i) {
    return base + Abi.Device.QUEUE + (long) i * Abi.Queue.SIZE_OF;
  }

  private void serve() {
    while (true) {
      Host.await(doorbell);
      String why;
      boolean again;
      boolean last;
      boolean wanted;
      synchronized (this) {
        why = broken;
        broken = null;
        again = restart;
        last = closed;
        wanted = askedBack;
      }
      if (wanted && (again || control.getIntVolatile(base + Abi.Device.REMOVED) == 1)) {
        leave();
        return;
      }
      try {
        if (again) {
          startAgain();
        } else if (why != null) {
          giveUp(why);
        }
        // What a driver rang for comes before what it asked next, most of all before a reset.
        int sequence = control.getIntVolatile(base + Abi.Device.CONTROL_SEQ);
        try {
          ringQueues(control.getAndSetInt(base + Abi.Device.DOORBELL, 0));
        } finally {
          answerDriver(sequence);
        }
        // The JVM throws the error where the host has no page for the guest's memory.
      } catch (RuntimeException | InternalError e) {
        giveUp(e.getMessage());
      }
      if (last) {
        return;
      }
    }
  }

  private void startAgain() {
    reset();
    describe();
    synchronized (this) {
      restart = false;
      notifyAll();
    }
  }

  /** The guest has let go of the device, or is no more the guest that had it. */
  private void leave() {
    reset();
    device.close();
    control.putIntVolatile(base + Abi.Device.DEVICE_ID, 0);
    control.write(base, new byte[Abi.Device.SIZE_OF], 0, Abi.Device.SIZE_OF);
    freed.accept(index);
    synchronized (this) {
      empty = true;
      restart = false;
      notifyAll();
    }
  }

  /** Tells the guest to let go of the device. */
  void askBack() {
    control.putIntVolatile(base + Abi.Device.REMOVE, 1);
    synchronized (this) {
      askedBack = true;
      if (!empty) {
        Host.signal(doorbell);
      }
    }
  }

  synchronized boolean awaitEmpty(long millis) throws InterruptedException {
    await(() -> empty, millis);
    return empty;
  }

  synchronized boolean awaitDriver(long millis) throws InterruptedException {
    await(() -> active, millis);
    return active;
  }

  private void await(BooleanSupplier condition, long millis) throws InterruptedException {
    long end = System.nanoTime() + millis * 1_000_000;
    for (long left = millis; left > 0 && !condition.getAsBoolean(); ) {
      wait(left);
      left = (end - System.nanoTime()) / 1_000_000;
    }
  }

  private synchronized void setActive(boolean now) {
    active = now;
    notifyAll();
  }

  private void answerDriver(int sequence) {
    if (sequence == control.getInt(base + Abi.Device.CONTROL_ACK)) {
      return;
    }
    try {
      readConfig();
      accept(control.getInt(base + Abi.Device.STATUS));
    } catch (RuntimeException | InternalError e) {
      giveUp(e.getMessage());
    }
    control.putInt(base + Abi.Device.STATUS_RESULT, status);
    control.putIntVolatile(base + Abi.Device.CONTROL_ACK, sequence);
    Host.futexWake(control.address(base + Abi.Device.CONTROL_ACK, 4));
  }

  private void accept(int wanted) {
    log.trace(device.name() + ": driver sets status 0x" + Integer.toHexString(wanted));
    if (wanted == 0) {
      reset();
      return;
    }
    int set = wanted & ~status;
    status = wanted & 0xff | status & STATUS_NEEDS_RESET;
    if ((set & STATUS_FEATURES_OK) != 0) {
      acceptFeatures(control.getLong(base + Abi.Device.DRIVER_FEATURES));
    }
    if ((set & STATUS_DRIVER_OK) != 0 && (status & STATUS_FEATURES_OK) != 0 && !active) {
      activate();
    }
  }

  private void acceptFeatures(long wanted) {
    boolean good = (wanted & ~features) == 0 && (wanted & VirtQueue.FEATURE_VERSION_1) != 0;
    if (good) {
      accepted = wanted;
    } else {
      status &= ~STATUS_FEATURES_OK;
    }
    log.trace(
        String.format(
            "%s: driver %s features 0x%x", device.name(), good ? "takes" : "may not take", wanted));
  }

  private void activate() {
    boolean eventIdx = (accepted & VirtQueue.FEATURE_EVENT_IDX) != 0;
    VirtQueue[] queues = new VirtQueue[device.queueCount()];
    for (int i = 0; i < queues.length; i++) {
      queues[i] = readQueue(queue(i), device.queueSizeMax(i), eventIdx);
    }
    setActive(true);
    device.activate(accepted, queues, this);
    // A doorbell that rang before there was a queue has been heard in vain.
    ringQueues((1 << queues.length) - 1);
  }

  private VirtQueue readQueue(long at, int sizeMax, boolean eventIdx) {
    if (control.getInt(at + Abi.Queue.READY) != 1) {
      return null;
    }
    int size = control.getInt(at + Abi.Queue.SIZE);
    if (size > sizeMax) {
      throw new IllegalArgumentException("queue of " + size + ", at most " + sizeMax + " offered");
    }
    return new VirtQueue(
        ram,
        size,
        control.getLong(at + Abi.Queue.DESC),
        control.getLong(at + Abi.Queue.AVAIL),
        control.getLong(at + Abi.Queue.USED),
        eventIdx);
  }

  private void ringQueues(int bits) {
    for (int i = 0; active && i < device.queueCount(); i++) {
      if ((bits & 1 << i) != 0) {
        if (log.tracing()) {
          log.trace(device.name() + ": doorbell of queue " + i);
        }
        doorbells.increment();
        device.notified(i);
      }
    }
  }

  private void reset() {
    if (active) {
      setActive(false);
      device.reset();
    }
    synchronized (this) {
      broken = null;
    }
    status = 0;
    accepted = 0;
    control.getAndSetInt(base + Abi.Device.ISR, 0);
  }

  /** Stops the device until its driver resets it, most often because the driver broke a rule. */
  private void giveUp(String why) {
    if ((status & STATUS_NEEDS_RESET) != 0) {
      return;
    }
    if (complaints++ < COMPLAINTS_MAX) {
      log.warn(device.name() + " stopped until its driver resets it: " + why);
    }
    if (active) {
      setActive(false);
      device.reset();
    }
    status |= STATUS_NEEDS_RESET;
    control.putInt(base + Abi.Device.STATUS_RESULT, status);
    raise(ISR_CONFIG);
  }

  @Override
  public void interruptQueues() {
    if (log.tracing()) {
      log.trace(device.name() + ": interrupt");
    }
    raise(ISR_QUEUES);
  }

  @Override
  public void configChanged() {
    writeConfig();
    raise(ISR_CONFIG);
  }

  @Override
  public boolean guestIsIdle() {
    return vcpu.isIdle();
  }

  @Override
  public synchronized void broken(String why) {
    broken = why;
    Host.signal(doorbell);
  }

  private void raise(int bit) {
    control.getAndBitwiseOrInt(base + Abi.Device.ISR, bit);
    interrupts.increment();
    vcpu.interrupt(Abi.IRQ_DEVICE + index);
  }

  /** Leaves bytes alone that did not change: some of them may be the driver's to write. */
  private synchronized void writeConfig() {
    byte[] now = device.config();
    long generation = base + Abi.Device.CONFIG_GENERATION;
    control.getAndAddInt(generation, 1);
    for (int i = 0; i < now.length; i++) {
      if (i >= config.length || config[i] != now[i]) {
        control.putByte(base + Abi.Device.CONFIG + i, now[i]);
      }
    }
    config = now;
    control.putInt(base + Abi.Device.CONFIG_LEN, now.length);
    control.getAndAddInt(generation, 1);
  }

  private void readConfig() {
    byte[] written;
    synchronized (this) {
      written = new byte[config.length];
      control.read(base + Abi.Device.CONFIG, written, 0, written.length);
      if (Arrays.equals(written, config)) {
        return;
      }
      config = written.clone();
    }
    device.configWritten(written);
  }

  /** Makes the device as it was at first. The guest must not run. */
  synchronized void restart() throws InterruptedException {
    restart = !empty;
    Host.signal(doorbell);
    while (restart) {
      wait();
    }
  }

  /** Takes over what the guest has put into the queues before it ended, then ends the device. */
  void close() throws InterruptedException {
    synchronized (this) {
      closed = true;
      Host.signal(doorbell);
    }
    thread.join();
    synchronized (this) {
      if (empty) {
        return;
      }
    }
    device.close();
  }
}
