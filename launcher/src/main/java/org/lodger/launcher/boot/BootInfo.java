// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.boot;

import java.nio.charset.StandardCharsets;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.launcher.UsageException;

/**
 * What a guest kernel is told at its start: {@code struct lodger_boot_info} and command line.
 *
 * @param text the kernel's code
 */
public record BootInfo(
    long ramSize,
    long initrdPhys,
    long initrdSize,
    long entry,
    ElfImage.Extent text,
    String cmdline) {
  public void write(GuestMemory control) {
    long boot = Abi.CONTROL_BOOT;
    control.putLong(boot + Abi.BootInfo.MAGIC, Abi.BOOT_MAGIC);
    control.putInt(boot + Abi.BootInfo.ABI_VERSION, Abi.ABI_VERSION);
    control.putInt(boot + Abi.BootInfo.VCPUS, 1);
    control.putLong(boot + Abi.BootInfo.RAM_SIZE, ramSize);
    control.putLong(boot + Abi.BootInfo.INITRD_PHYS, initrdPhys);
    control.putLong(boot + Abi.BootInfo.INITRD_SIZE, initrdSize);
    control.putLong(boot + Abi.BootInfo.ENTRY, entry);
    control.putLong(boot + Abi.BootInfo.TEXT_PHYS, text.phys());
    control.putLong(boot + Abi.BootInfo.TEXT_SIZE, text.size());
    byte[] line = (cmdline + "\0").getBytes(StandardCharsets.UTF_8);
    if (line.length > Abi.CMDLINE_MAX) {
      throw new UsageException(
          "the kernel command line is longer than " + Abi.CMDLINE_MAX + " bytes; shorten --append");
    }
    control.write(Abi.CONTROL_CMDLINE, line, 0, line.length);
  }
}
