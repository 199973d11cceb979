// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.process;

/** How guest programs are kept from the memory of the guest's kernel. */
public enum Isolation {
  /** By key where the host can do that. */
  AUTO,
  /** In the program's own host process, behind a protection key of the CPU. */
  KEY,
  /** In a host process of its own. */
  PROCESS;

  @Override
  public String toString() {
    return name().toLowerCase();
  }
}
