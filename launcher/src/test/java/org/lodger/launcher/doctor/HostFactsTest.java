// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostFactsTest {
  @TempDir Path root;

  private void file(String name, String text) throws IOException {
    Path path = root.resolve(name);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  @Test
  void readsWhatTheKernelSays() throws IOException {
    file("proc/sys/kernel/osrelease", "6.12.1\n");
    file("proc/cpuinfo", "processor\t: 0\nmodel name\t: A Processor\n");
    file("proc/meminfo", "MemTotal:   2097152 kB\nMemAvailable:   1048576 kB\n");
    file("proc/self/limits", "Limit  Soft  Hard  Units\nMax processes   63   64   processes\n");
    HostFacts facts = new HostFacts(root);
    assertEquals("6.12.1", facts.kernel());
    assertEquals("A Processor", facts.processor());
    assertEquals("1024 MiB free of 2048", facts.memory());
    assertEquals("63", facts.limit("Max processes"));
  }

  @Test
  void seesAContainer() throws IOException {
    file(".dockerenv", "");
    file("proc/self/status", "NoNewPrivs:\t1\nSeccomp:\t2\n");
    file("proc/self/uid_map", "         0     100000      65536\n");
    HostFacts facts = new HostFacts(root);
    assertTrue(facts.noNewPrivileges());
    assertEquals("docker, a seccomp filter, a user namespace", facts.container());
  }

  @Test
  void aHostThatSaysNothingIsNoError() {
    HostFacts facts = new HostFacts(root);
    assertEquals("unknown", facts.kernel());
    assertEquals("none seen", facts.container());
    assertEquals("unknown", facts.limit("Max processes"));
  }
}
