// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.lodger.virtio.block.CacheMode;

class DiskOptionTest {
  @Test
  void hasDefaults() {
    assertEquals(
        new DiskOption(Path.of("a/b.img"), false, "", CacheMode.WRITEBACK),
        DiskOption.parse("a/b.img"));
  }

  @Test
  void takesParts() {
    assertEquals(
        new DiskOption(Path.of("b"), true, "S=1", CacheMode.NONE),
        DiskOption.parse("b,serial=S=1,ro,cache=none"));
  }

  @Test
  void twoCommasAreOneOfTheName() {
    assertEquals(
        new DiskOption(Path.of("a,b,"), true, "", CacheMode.WRITEBACK),
        DiskOption.parse("a,,b,,,ro"));
  }
}
