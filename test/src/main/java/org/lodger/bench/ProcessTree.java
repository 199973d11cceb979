// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A process with all its descendants, seen in /proc: what a system costs its host. */
public final class ProcessTree {
  /** Ticks of /proc/PID/stat in a second, the same on every Linux. */
  private static final double TICKS = 100;

  private final Path proc;
  private final long root;

  /** {@code proc} is /proc, but for tests. */
  public ProcessTree(Path proc, long root) {
    this.proc = proc;
    this.root = root;
  }

  /** One line of /proc/PID/stat: the parent, and ticks of it and of the children it has reaped. */
  record Stat(long parent, long ticks) {
    /** The name in parentheses may hold anything, so fields count from its end. */
    static Stat parse(String line) {
      String[] fields = line.substring(line.lastIndexOf(')') + 2).strip().split(" ");
      long ticks = 0;
      for (int i = 11; i <= 14; i++) {
        ticks += Long.parseLong(fields[i]);
      }
      return new Stat(Long.parseLong(fields[1]), ticks);
    }
  }

  /** User and system time that the tree has used so far. */
  double cpuSeconds() {
    Map<Long, Stat> all = stats();
    return members(all).stream().mapToLong(pid -> all.get(pid).ticks()).sum() / TICKS;
  }

  /** The same by the scheduler's clock, which sees less than a tick; not of threads that have ended. */
  double runSeconds() {
    return members(stats()).stream().mapToLong(this::runNanos).sum() / 1e9;
  }

  private long runNanos(long pid) {
    long nanos = 0;
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(proc.resolve(pid + "/task"), "[0-9]*")) {
      for (Path thread : threads) {
        nanos += Long.parseLong(Files.readString(thread.resolve("schedstat")).split(" ")[0]);
      }
    } catch (IOException | DirectoryIteratorException e) {
      return nanos; // it has just ended
    }
    return nanos;
  }

  /**
   * User and system time that all of the host has used so far, and that its own host took from it.
   */
  static double hostCpuSeconds(String stat) {
    String[] fields = stat.lines().findFirst().orElse("").split("\\s+");
    // user, nice, system, -, -, irq, softirq, steal
    long ticks = 0;
    for (int i : new int[] {1, 2, 3, 6, 7, 8}) {
      ticks += Long.parseLong(fields[i]);
    }
    return ticks / TICKS;
  }

  double hostCpuSeconds() {
    try {
      return hostCpuSeconds(Files.readString(proc.resolve("stat")));
    } catch (IOException e) {
      return 0;
    }
  }

  /** Memory that would be free without the tree; shared pages count by their share. */
  public double memoryMib() {
    return sum("Pss:");
  }

  /**
   * Of {@link #memoryMib}, what is shared memory: in a guest's processes that is the guest's RAM.
   */
  double sharedMib() {
    return sum("Pss_Shmem:");
  }

  /** Resident memory of the first process, shared pages in full. */
  double launcherMib() {
    return rollup(root, "Rss:") / 1024.0;
  }

  private double sum(String name) {
    return members(stats()).stream().mapToLong(pid -> rollup(pid, name)).sum() / 1024.0;
  }

  private long rollup(long pid, String name) {
    try {
      for (String line : Files.readAllLines(proc.resolve(pid + "/smaps_rollup"))) {
        if (line.startsWith(name)) {
          return Long.parseLong(line.replaceAll("\\D", ""));
        }
      }
    } catch (IOException e) {
      return 0; // it has just ended
    }
    return 0;
  }

  private Map<Long, Stat> stats() {
    Map<Long, Stat> all = new HashMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(proc, "[0-9]*")) {
      for (Path entry : entries) {
        try {
          String line = Files.readString(entry.resolve("stat"), StandardCharsets.ISO_8859_1);
          all.put(Long.valueOf(entry.getFileName().toString()), Stat.parse(line));
        } catch (IOException e) {
          continue; // it has just ended
        }
      }
    } catch (IOException e) {
      return Map.of();
    }
    return all;
  }

  private Set<Long> members(Map<Long, Stat> all) {
    Map<Long, List<Long>> children = new HashMap<>();
    all.forEach(
        (pid, stat) -> children.computeIfAbsent(stat.parent(), p -> new ArrayList<>()).add(pid));
    Set<Long> found = new HashSet<>();
    List<Long> open = new ArrayList<>(List.of(root));
    while (!open.isEmpty()) {
      long pid = open.remove(open.size() - 1);
      if (all.containsKey(pid) && found.add(pid)) {
        open.addAll(children.getOrDefault(pid, List.of()));
      }
    }
    return found;
  }
}
