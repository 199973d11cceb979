// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.bus;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.BooleanSupplier;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;

/** The guest's side of one device slot. */
final class FakeDriver {
  static final int ACKNOWLEDGE_DRIVER = 3;
  static final int FEATURES_OK = 8;
  static final int DRIVER_OK = 4;
  static final int NEEDS_RESET = 0x40;

  private final GuestMemory control;
  private final int doorbell;
  private final long base;
  private final int irq;

  FakeDriver(GuestMemory control, DevicePage page, int index) {
    this.control = control;
    doorbell = page.doorbells().get(index);
    base = DevicePage.slot(index);
    irq = Abi.IRQ_DEVICE + index;
  }

  int read(int field) {
    return control.getIntVolatile(base + field);
  }

  /** Writes a status and waits for the answer, as the ABI's handshake says. */
  int status(int status) {
    control.putInt(base + Abi.Device.STATUS, status);
    int sequence = control.getAndAddInt(base + Abi.Device.CONTROL_SEQ, 1) + 1;
    Host.signal(doorbell);
    await(() -> read(Abi.Device.CONTROL_ACK) == sequence);
    return read(Abi.Device.STATUS_RESULT);
  }

  int negotiate(long features) {
    status(0);
    status(ACKNOWLEDGE_DRIVER);
    control.putLong(base + Abi.Device.DRIVER_FEATURES, features);
    return status(ACKNOWLEDGE_DRIVER | FEATURES_OK);
  }

  int start() {
    return status(ACKNOWLEDGE_DRIVER | FEATURES_OK | DRIVER_OK);
  }

  void queue(int index, int size, long desc, long avail, long used) {
    long at = base + Abi.Device.QUEUE + (long) index * Abi.Queue.SIZE_OF;
    control.putInt(at + Abi.Queue.SIZE, size);
    control.putLong(at + Abi.Queue.DESC, desc);
    control.putLong(at + Abi.Queue.AVAIL, avail);
    control.putLong(at + Abi.Queue.USED, used);
    control.putInt(at + Abi.Queue.READY, 1);
  }

  void ring(int queue) {
    control.getAndBitwiseOrInt(base + Abi.Device.DOORBELL, 1 << queue);
    Host.signal(doorbell);
  }

  int takeIsr() {
    return control.getAndSetInt(base + Abi.Device.ISR, 0);
  }

  boolean interruptPending() {
    return (control.getLong(Abi.CONTROL_VCPUS + Abi.Vcpu.PENDING) & 1L << irq) != 0;
  }

  static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + 10_000_000_000L;
    while (!condition.getAsBoolean() && System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    assertTrue(condition.getAsBoolean(), "nothing happened for ten seconds");
  }
}
