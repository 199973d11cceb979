// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class MemorySizeTest {
  @Test
  void readsUnits() {
    long mib = 1 << 20;
    assertEquals(256 * mib, MemorySize.parse("256"));
    assertEquals(256 * mib, MemorySize.parse("256m"));
    assertEquals(256 * mib, MemorySize.parse("262144K"));
    assertEquals(1024 * mib, MemorySize.parse("1G"));
    assertEquals(1024 * mib, MemorySize.parse("1GiB"));
  }

  @Test
  void roundsUp() {
    assertEquals(34 << 20, MemorySize.parse("33M"));
    assertEquals(34 << 20, MemorySize.parse("32769K"));
  }
}
