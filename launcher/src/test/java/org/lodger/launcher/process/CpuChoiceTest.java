// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.process;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CpuChoiceTest {
  @Test
  void choosesACpuThatExists() {
    int cpu = Integer.parseInt(new CpuChoice().leastBusy());
    assertTrue(Files.exists(Path.of("/sys/devices/system/cpu/cpu" + cpu)));
  }
}
