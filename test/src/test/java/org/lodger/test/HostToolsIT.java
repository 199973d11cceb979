// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A guest is processes: what the host has to steer processes works on it. */
@Timeout(240)
class HostToolsIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String BUSY = "echo up; while :; do :; done";
  private static final int NICE = 16; // in what Host.stat() returns
  private static final double TICKS_PER_SECOND = 100;

  private final List<Lodger.Running> guests = new ArrayList<>();
  private Path group;

  @AfterEach
  void end() throws IOException {
    for (Lodger.Running guest : guests) {
      guest.process().destroy();
      guest.await(LIMIT);
    }
    for (int i = 0; group != null && i < 100 && !Files.readString(group.resolve("cgroup.procs")).isEmpty(); i++) {
      Lodger.pause(50);
    }
    if (group != null) {
      Files.delete(group);
    }
  }

  private Lodger.Running start(Lodger lodger) {
    Lodger.Running guest = lodger.start();
    guests.add(guest);
    guest.expect("up\n", LIMIT);
    return guest;
  }

  private static void assertNice(String expected, String guest) throws IOException {
    List<Long> tasks = Host.guestProcesses(guest);
    assertTrue(tasks.size() > 2, tasks::toString);
    for (long task : tasks) {
      assertEquals(expected, Host.stat(task)[NICE], () -> Host.shortName(task));
    }
  }

  @Test
  void niceAndReniceReachEveryTask() throws IOException {
    int own = Integer.parseInt(Host.stat(ProcessHandle.current().pid())[NICE]);
    Assumptions.assumeTrue(own < 17, "the test itself has next to no priority");
    Lodger.Running guest =
        start(
            Lodger.run("--name", "nice")
                .under("nice", "-n", "1")
                .shell("echo up; read x; for i in 1 2 3; do sleep 100 & done; sleep 1; echo more; wait"));
    assertNice(Integer.toString(own + 1), "nice");
    long kernel = Host.kernelProcess("nice");
    Host.must("renice", "-n", "18", "-g", Host.stat(kernel)[2]);
    guest.type("\n");
    guest.expect("more", LIMIT);
    assertNice("18", "nice");
  }

  /** A control group of the test's own, for the processor. */
  private void makeGroup() {
    Assumptions.assumeTrue(Host.root(), "only root makes control groups");
    String name = "lodger-it-" + ProcessHandle.current().pid();
    for (String place : List.of("cpu", "cpu,cpuacct", "")) {
      Path made = Path.of("/sys/fs/cgroup", place, name);
      if (made.toFile().mkdir()) {
        group = made;
        break;
      }
    }
    Assumptions.assumeTrue(
        group != null && Stream.of("cpu.max", "cpu.cfs_quota_us").anyMatch(f -> Files.exists(group.resolve(f))),
        "no control groups for the processor that a test may make");
  }

  private Lodger inGroup(Lodger lodger, int nice) {
    String join = "echo $$ >" + group + "/cgroup.procs && exec nice -n " + nice + " \"$@\"";
    return lodger.under("sh", "-c", join, "sh");
  }

  private void limit(int percent) throws IOException {
    Path second = group.resolve("cpu.max");
    if (Files.exists(second)) {
      Files.writeString(second, percent * 1000 + " 100000");
    } else {
      Files.writeString(group.resolve("cpu.cfs_quota_us"), Integer.toString(percent * 1000));
    }
  }

  /** What a guest uses of one processor. */
  private static double share(String guest) throws IOException {
    long start = System.nanoTime();
    long before = Host.ticks(guest);
    Lodger.pause(3000);
    long ticks = Host.ticks(guest) - before;
    return ticks / TICKS_PER_SECOND / ((System.nanoTime() - start) / 1e9);
  }

  @Test
  void aControlGroupLimitsAGuest() throws IOException {
    makeGroup();
    start(inGroup(Lodger.run("--name", "limited"), 0).shell(BUSY));
    String members = Files.readString(group.resolve("cgroup.procs"));
    for (long task : Host.guestProcesses("limited")) {
      assertTrue(members.lines().anyMatch(Long.toString(task)::equals), () -> Host.shortName(task));
    }
    limit(20);
    double share = share("limited");
    assertTrue(share > 0.02 && share < 0.3, "it has " + share + " of a processor");
  }

  /** Where sessions are groups of their own, nice only counts among processes of one control group. */
  @Test
  void aNicerGuestStandsBack() throws IOException {
    makeGroup();
    start(inGroup(Lodger.run("--name", "eager", "--cpu", "0"), 0).shell(BUSY));
    start(inGroup(Lodger.run("--name", "modest", "--cpu", "0"), 19).shell(BUSY));
    long eager = Host.ticks("eager");
    long modest = Host.ticks("modest");
    Lodger.pause(4000);
    eager = Host.ticks("eager") - eager;
    modest = Host.ticks("modest") - modest;
    assertTrue(eager > 4 * modest, "ticks: " + eager + " and " + modest);
    assertFalse(eager < 20, "nobody ran");
  }
}
