// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio;

/** What the transport does for a device. Every method may be called from any thread. */
public interface DeviceHost {
  /** Interrupts the driver because of used buffers. */
  void interruptQueues();

  /** Interrupts the driver because {@link VirtioDevice#config} has changed. */
  void configChanged();

  /** Stops the device until the driver resets it, with one line in the log. */
  void broken(String why);
}
