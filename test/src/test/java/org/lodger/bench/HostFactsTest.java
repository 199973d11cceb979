// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostFactsTest {
  @TempDir Path root;

  private void file(String name, String text) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @Test
  void whatIsThere() throws IOException {
    file("proc/cpuinfo", "processor\t: 0\nmodel name\t: A CPU\nflags\t\t: fpu hypervisor pku\n");
    file("proc/meminfo", "MemTotal:       2097152 kB\nMemAvailable:    1048576 kB\n");
    file("proc/sys/kernel/osrelease", "6.1.0\n");
    file("proc/loadavg", "99.50 1.00 1.00 1/100 1\n");
    file("sys/devices/system/cpu/vulnerabilities/meltdown", "Mitigation: PTI\n");
    file("sys/devices/system/cpu/vulnerabilities/mds", "Not affected\n");
    file("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    HostFacts facts = new HostFacts(root);
    Map<String, String> all = facts.all();
    assertEquals("A CPU", all.get("processor"));
    assertEquals("2048 MiB", all.get("memory"));
    assertEquals("Linux 6.1.0", all.get("kernel"));
    assertEquals("yes: this host is itself a guest", all.get("virtual machine"));
    assertEquals("meltdown: Mitigation: PTI", all.get("mitigations"));
    assertEquals("madvise", all.get("transparent huge pages"));
    assertEquals(1024, facts.mebibytes("MemAvailable:"));
    assertTrue(facts.warning().orElseThrow().contains("load 99.50"));
  }

  @Test
  void aHostThatSaysNothing() {
    HostFacts facts = new HostFacts(root);
    assertEquals("unknown", facts.all().get("processor"));
    assertEquals("no", facts.all().get("virtual machine"));
    assertTrue(facts.warning().isEmpty());
  }
}
