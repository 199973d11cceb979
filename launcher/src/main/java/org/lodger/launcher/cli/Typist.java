// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import org.lodger.launcher.Guest;
import org.lodger.launcher.console.Terminal;
import org.lodger.virtio.VirtioDevice;
import org.lodger.virtio.console.ConsolePort;

/**
 * Hands the guest what is typed, from when it can hear it. Linux throws away what arrives between
 * the first and the last step of its console driver, and says nothing at the last; but then it
 * starts the next driver.
 */
final class Typist implements Terminal.Typing {
  /** For a kernel that lacks that driver. */
  private static final int PATIENCE_MS = 3000;

  private final Guest guest;
  private final VirtioDevice next;
  private final ConsolePort port;
  private boolean heard;

  /**
   * @param next a device whose driver starts after the console's
   */
  Typist(Guest guest, VirtioDevice next, ConsolePort port) {
    this.guest = guest;
    this.next = next;
    this.port = port;
  }

  @Override
  public boolean send(byte[] bytes, int offset, int length) throws InterruptedException {
    if (!heard) {
      guest.awaitDriver(next, PATIENCE_MS);
      heard = true;
    }
    return port.send(bytes, offset, length);
  }
}
