// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.process;

import org.lodger.hypercall.Abi;

/** How the guest's first process ended: its wait status. */
public record GuestEnd(int waitStatus) {
  public boolean killed() {
    return signal() != 0;
  }

  /** The signal that ended it, or 0. */
  public int signal() {
    return waitStatus & 0x7f;
  }

  public boolean powerOff() {
    return waitStatus == Abi.EXIT_POWEROFF << 8;
  }

  public boolean reboot() {
    return waitStatus == Abi.EXIT_REBOOT << 8;
  }

  public boolean panic() {
    return waitStatus == Abi.EXIT_PANIC << 8;
  }

  /** What the launcher exits with, as a shell would put it. */
  public int exitStatus() {
    return killed() ? 128 + signal() : waitStatus >> 8;
  }
}
