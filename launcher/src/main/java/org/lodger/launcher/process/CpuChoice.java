// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Picks the CPU on which a guest's processes run. They hand over to each other all the time, which
 * is several times slower across CPUs. The choice falls on the one that was least busy since this
 * object was made; the scheduler then moves others out of the guest's way.
 */
public final class CpuChoice {
  private final Map<Integer, Long> before = busy();

  /** The CPU's number, or "any" if the host does not say. */
  public String leastBusy() {
    BitSet allowed = allowed();
    Map<Integer, Long> now = busy();
    int best = -1;
    for (int cpu : now.keySet()) {
      if (allowed.get(cpu) && (best < 0 || spent(now, cpu) < spent(now, best))) {
        best = cpu;
      }
    }
    return best < 0 ? "any" : String.valueOf(best);
  }

  private long spent(Map<Integer, Long> now, int cpu) {
    return now.get(cpu) - before.getOrDefault(cpu, 0L);
  }

  /**
   * Clock ticks that each CPU has not been idle: user, nice, system, and behind idle and iowait.
   */
  private static Map<Integer, Long> busy() {
    Map<Integer, Long> busy = new TreeMap<>();
    for (String line : lines("/proc/stat")) {
      String[] word = line.split(" ");
      if (word[0].matches("cpu\\d+") && word.length > 8) {
        long ticks = 0;
        for (int i : new int[] {1, 2, 3, 6, 7, 8}) {
          ticks += Long.parseLong(word[i]);
        }
        busy.put(Integer.valueOf(word[0].substring(3)), ticks);
      }
    }
    return busy;
  }

  private static BitSet allowed() {
    BitSet allowed = new BitSet();
    for (String line : lines("/proc/self/status")) {
      if (line.startsWith("Cpus_allowed_list:")) {
        for (String range : line.substring(line.indexOf('\t') + 1).split(",")) {
          String[] ends = range.trim().split("-");
          allowed.set(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]) + 1);
        }
      }
    }
    return allowed;
  }

  private static List<String> lines(String file) {
    try {
      return Files.readAllLines(Path.of(file));
    } catch (IOException e) {
      return List.of();
    }
  }
}
