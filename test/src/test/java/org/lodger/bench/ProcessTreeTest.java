// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessTreeTest {
  @TempDir Path proc;

  private void process(long pid, long parent, String name, long ticks, long pss)
      throws IOException {
    Path folder = Files.createDirectory(proc.resolve(Long.toString(pid)));
    String times = ticks + " 1 2 3";
    Files.writeString(
        folder.resolve("stat"),
        pid + " (" + name + ") S " + parent + " 1 1 0 -1 0 0 0 0 0 " + times + " 20 0\n");
    for (int thread = 0; thread < 2; thread++) {
      Path task = Files.createDirectories(folder.resolve("task/" + (pid + thread)));
      Files.writeString(task.resolve("schedstat"), ticks * 1_000_000 + " 5 1\n");
    }
    Files.writeString(
        folder.resolve("smaps_rollup"),
        "00-ff ---p 0 00:00 0 [rollup]\nRss: 2048 kB\nPss: " + pss + " kB\nPss_Shmem: 512 kB\n");
  }

  @Test
  void aTreeAndNothingElse() throws IOException {
    process(10, 1, "launcher", 94, 1024);
    process(11, 10, "a) S 1 (b", 194, 2048); // a name that tries to look like fields
    process(12, 11, "deep", 294, 512);
    process(13, 1, "stranger", 9999, 99999);
    ProcessTree tree = new ProcessTree(proc, 10);
    assertEquals((100 + 200 + 300) / 100.0, tree.cpuSeconds());
    assertEquals(2 * (94 + 194 + 294) / 1e3, tree.runSeconds(), 1e-9);
    assertEquals(3.5, tree.memoryMib());
    assertEquals(1.5, tree.sharedMib());
    assertEquals(2, tree.launcherMib());
  }

  @Test
  void aTreeThatHasEnded() {
    assertEquals(0, new ProcessTree(proc, 10).cpuSeconds());
  }

  @Test
  void theHostsOwnTime() {
    assertEquals(
        1 + 2 + 3 + 6 + 7 + 8,
        ProcessTree.hostCpuSeconds("cpu  100 200 300 40000 50000 600 700 800 0 0\ncpu0 1 1 1\n"));
  }

  /** A child that is reaped must not take its time with it. */
  @Test
  void timeOfChildrenThatHaveEnded() throws IOException, InterruptedException {
    String burn = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
    Process shell =
        new ProcessBuilder("sh", "-c", "sh -c '" + burn + "'; echo done; read x").start();
    assertEquals("done", shell.inputReader().readLine());
    double seconds = new ProcessTree(Path.of("/proc"), shell.pid()).cpuSeconds();
    shell.getOutputStream().close();
    shell.waitFor();
    assertTrue(seconds > 0.02, seconds + " s");
  }
}
