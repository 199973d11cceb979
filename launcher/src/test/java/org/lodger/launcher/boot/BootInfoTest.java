// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.launcher.UsageException;

class BootInfoTest {
  private static final ElfImage.Extent TEXT = new ElfImage.Extent(0x1000, 0x5000);

  @Test
  void fillsThePage() {
    try (GuestMemory control = GuestMemory.create("test", Abi.CONTROL_SIZE)) {
      new BootInfo(64 << 20, 0x3000000, 1234, Abi.RAM_BASE + 16, TEXT, "console=hvc0").write(control);
      assertEquals(Abi.BOOT_MAGIC, control.getLong(Abi.BootInfo.MAGIC));
      assertEquals(Abi.ABI_VERSION, control.getInt(Abi.BootInfo.ABI_VERSION));
      assertEquals(1, control.getInt(Abi.BootInfo.VCPUS));
      assertEquals(64 << 20, control.getLong(Abi.BootInfo.RAM_SIZE));
      assertEquals(0x3000000, control.getLong(Abi.BootInfo.INITRD_PHYS));
      assertEquals(1234, control.getLong(Abi.BootInfo.INITRD_SIZE));
      assertEquals(Abi.RAM_BASE + 16, control.getLong(Abi.BootInfo.ENTRY));
      assertEquals(0x1000, control.getLong(Abi.BootInfo.TEXT_PHYS));
      assertEquals(0x5000, control.getLong(Abi.BootInfo.TEXT_SIZE));
      byte[] line = new byte[13];
      control.read(Abi.CONTROL_CMDLINE, line, 0, 13);
      assertEquals("console=hvc0\0", new String(line));
    }
  }

  @Test
  void theCommandLineHasALimit() {
    try (GuestMemory control = GuestMemory.create("test", Abi.CONTROL_SIZE)) {
      String longest = "x".repeat(Abi.CMDLINE_MAX - 1);
      new BootInfo(64 << 20, 0, 0, 0, TEXT, longest).write(control);
      BootInfo tooLong = new BootInfo(64 << 20, 0, 0, 0, TEXT, longest + "x");
      assertThrows(UsageException.class, () -> tooLong.write(control));
    }
  }
}
