// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;

/**
 * The host's processes of one guest. The caller sees to it that the first one is not reaped
 * meanwhile, so that its number is nobody else's.
 *
 * @param kernel the first one, a child of ours
 */
public record GuestTasks(int kernel) {
  private static final int ESRCH = 3;
  private static final long PATIENCE_NS = 5_000_000_000L;
  private static final long TICK_NS = 10_000_000;

  /**
   * What they have used.
   *
   * @param kernel the number of the first one
   */
  public record Usage(int kernel, int processes, long cpuNanos) {}

  /**
   * Stops them from the top down. Once a process is stopped it reaps none of its children, so that
   * their numbers stay theirs until they have been stopped in turn.
   */
  void stop() {
    stopAll(List.of(kernel));
    List<Integer> spawners = children(kernel);
    stopAll(spawners);
    for (int spawner : spawners) {
      stopAll(children(spawner));
    }
  }

  /** Lets them go on from the bottom up: whoever waits for another finds it running. */
  void resume() {
    for (int spawner : children(kernel)) {
      children(spawner).forEach(pid -> signal(pid, Host.SIGCONT));
      signal(spawner, Host.SIGCONT);
    }
    signal(kernel, Host.SIGCONT);
  }

  Usage usage() {
    List<Integer> all = new ArrayList<>(List.of(kernel));
    for (int spawner : children(kernel)) {
      all.add(spawner);
      all.addAll(children(spawner));
    }
    long ticks = 0;
    for (int pid : all) {
      String[] stat = stat(pid);
      // The first word is field 3: utime, stime, and those of the children that have been reaped.
      for (int field = 14; stat.length > 17 && field <= 17; field++) {
        ticks += Long.parseLong(stat[field - 3]);
      }
    }
    return new Usage(kernel, all.size(), ticks * TICK_NS);
  }

  private static void stopAll(List<Integer> pids) {
    pids.forEach(pid -> signal(pid, Host.SIGSTOP));
    long end = System.nanoTime() + PATIENCE_NS;
    for (int pid : pids) {
      while (runs(pid) && System.nanoTime() < end) {
        LockSupport.parkNanos(100_000);
      }
    }
  }

  /**
   * One that waits for its supervisor in a way that only its death interrupts stops when it is let
   * go, before it does anything else.
   */
  private static boolean runs(int pid) {
    String[] stat = stat(pid);
    return stat.length > 0 && stat[0].equals("R");
  }

  private static List<Integer> children(int pid) {
    return ProcessHandle.of(pid).stream()
        .flatMap(ProcessHandle::children)
        .map(child -> (int) child.pid())
        .toList();
  }

  /** The fields of /proc/PID/stat behind the name, or none if it has ended. */
  private static String[] stat(int pid) {
    try {
      String text =
          Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
      return text.substring(text.lastIndexOf(')') + 2).strip().split(" ");
    } catch (IOException e) {
      return new String[0];
    }
  }

  private static void signal(int pid, int signal) {
    try {
      Host.kill(pid, signal);
    } catch (HostException e) {
      if (e.errno() != ESRCH) {
        throw e;
      }
    }
  }
}
