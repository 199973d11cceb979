// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio;

/** What the transport does for a device. Every method may be called from any thread. */
public interface DeviceHost {
  /** Interrupts the driver because of used buffers. */
  void interruptQueues();

  /** Interrupts the driver because {@link VirtioDevice#config} has changed. */
  void configChanged();

  /**
   * Does the guest do nothing but wait for an interrupt, as far as one can see? Then it should get
   * one at once.
   */
  default boolean guestIsIdle() {
    return true;
  }

  /** Stops the device until the driver resets it, with one line in the log. */
  void broken(String why);
}
