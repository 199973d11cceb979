// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The programs of test/guest, many in one guest: see test/guest/run-all. */
class GuestProgramsIT {
  private static final int SKIPPED = 77;
  private static final Pattern START = Pattern.compile("== (\\S+)");
  private static final Pattern END = Pattern.compile("-- (\\S+) (\\d+) (\\d+)");

  private static final List<String> STATE =
      List.of("fpstate", "fpsignal", "registers", "segments", "stack", "signals", "faults", "waiting",
          "tracer", "resolver");
  private static final List<String> MEMORY =
      List.of("cow", "shared", "barriers", "remap", "filemap", "nx", "scattered");
  private static final List<String> PROCESSES =
      List.of("threads", "timers", "vdso", "preempt", "calls", "execs", "vfork", "pipes", "proc", "module",
          "manyprocs", "forkbomb");
  private static final List<String> ATTACKS =
      List.of("attack-memory", "attack-entry", "attack-frame", "attack-spin", "attack-key",
          "attack-calls");

  /** A way to run guests: options of the command. A host may lack the second kind of isolation. */
  private record Way(String... options) {
    @Override
    public String toString() {
      return String.join(" ", options).replace("--", "");
    }
  }

  private static final Way PROCESS = new Way("--isolation", "process");
  private static final Way KEY = new Way("--isolation", "key");

  /** All that costs less is left out, and the scheduler of the host may do what it likes. */
  private static final Way PLAIN_KEY =
      new Way("--isolation", "key", "--no-rewrite", "--cpu", "any");

  private static final List<Way> WAYS = List.of(PROCESS, KEY, PLAIN_KEY);

  /** What one program said, and how it ended; -1 if the guest ended before it did. */
  private record Report(int status, String text) {}

  private static Map<String, Report> runAll(Way way, Path disk, List<String> names) {
    Lodger.Result result =
        Lodger.run("--mem", "1G").with(way.options()).disk(disk)
            .within(Duration.ofMinutes(10))
            .command("/test/run-all")
            .with(names.toArray(String[]::new))
            .finish();
    Map<String, Report> reports = new LinkedHashMap<>();
    names.forEach(name -> reports.put(name, new Report(-1, "it did not run; the guest: " + result)));
    StringBuilder text = new StringBuilder();
    String current = "";
    for (String line : result.out().split("\n")) {
      Matcher start = START.matcher(line);
      Matcher end = END.matcher(line);
      if (start.matches()) {
        current = start.group(1);
        text.setLength(0);
      } else if (end.matches() && end.group(1).equals(current)) {
        reports.put(current, new Report(Integer.parseInt(end.group(2)), text.toString()));
        current = "";
      } else {
        text.append(line).append('\n');
      }
    }
    if (!current.isEmpty()) {
      reports.put(current, new Report(-1, "the guest ended amid it:\n" + text + result));
    }
    return reports;
  }

  /** Why guests can not be run that way on this host, or nothing. */
  private static String lacking(Way way) {
    Lodger.Result result = Lodger.run(way.options()).command("true").finish();
    return result.status() == 2 ? result.err() : "";
  }

  private static Stream<DynamicTest> tests(List<String> names) {
    return WAYS.stream().flatMap(way -> tests(way, names));
  }

  private static Stream<DynamicTest> tests(Way way, List<String> names) {
    String lacks = lacking(way);
    if (!lacks.isEmpty()) {
      return Stream.of(
          DynamicTest.dynamicTest(way.toString(), () -> Assumptions.abort("this host: " + lacks)));
    }
    Map<String, Report> reports = runAll(way, Disks.programs(), names);
    return names.stream()
        .map(
            name ->
                DynamicTest.dynamicTest(
                    name + ", " + way, () -> check(way, name, reports.get(name))));
  }

  private static void check(Way way, String name, Report report) {
    check(name, report);
    // A page of its own that looks like an instruction for keys demotes it: then nothing was tried.
    assertTrue(
        way == PROCESS || !report.text().contains("this program is isolated by process"),
        () -> name + " was demoted:\n" + report.text());
  }

  private static void check(String name, Report report) {
    Assumptions.assumeFalse(report.status() == SKIPPED, report.text());
    assertEquals(0, report.status(), () -> name + ":\n" + report.text());
  }

  @TestFactory
  Stream<DynamicTest> registersAndSignals() {
    return tests(STATE);
  }

  @TestFactory
  Stream<DynamicTest> memory() {
    return tests(MEMORY);
  }

  @TestFactory
  Stream<DynamicTest> processesAndTime() {
    return tests(PROCESSES);
  }

  @TestFactory
  Stream<DynamicTest> attacks() {
    return tests(ATTACKS);
  }

  /** The stub's every byte; a process of the host and a file there must not notice. */
  @Test
  void attackOnTheStub() throws Exception {
    Process canary = new ProcessBuilder("sleep", "600").start();
    Path trap = Lodger.WORK.resolve("attack-canary");
    try {
      Lodger.Result result =
          Lodger.run("--mem", "512M", "--isolation", "process").disk(Disks.programs())
              .within(Duration.ofMinutes(5))
              .shell("cd /tmp && /test/attack-stub " + canary.pid() + " " + trap)
              .finish();
      assertEquals(0, result.status(), result::toString);
      assertTrue(result.out().contains("stub: "), result::toString);
      assertTrue(canary.isAlive(), "a signal reached the host");
      assertTrue(!trap.toFile().exists(), "a file appeared on the host");
    } finally {
      canary.destroyForcibly();
    }
  }

  @Test
  void debuggerOnAProgram() {
    Assumptions.assumeTrue(Host.has("gdb"), "this machine has no gdb to lend");
    for (Way way : WAYS) {
      Assumptions.assumeTrue(lacking(way).isEmpty(), "this host can not run " + way);
      check("gdb", runAll(way, Disks.programsAnd("gdb"), List.of("debug")).get("debug"));
    }
  }

  private static void stress(Way way, int seconds) {
    Assumptions.assumeTrue(Host.has("stress-ng"), "this machine has no stress-ng to lend");
    Lodger.Result result =
        Lodger.run("--mem", "1G", "--name", "stress")
            .with(way.options())
            .disk(Disks.programsAnd("stress-ng"))
            .within(Duration.ofSeconds(seconds * 3L + 60))
            .command("/test/stress", Integer.toString(seconds))
            .finish();
    assertEquals(0, result.status(), result::toString);
    assertTrue(Host.gone("stress"), "processes are left on the host");
  }

  @Test
  void stressWithVerification() {
    stress(PROCESS, 20);
  }

  @Test
  void stressWithVerificationByKey() {
    Assumptions.assumeTrue(lacking(KEY).isEmpty(), "this host can not isolate by key");
    stress(KEY, 20);
  }

  @Test
  @Tag("slow")
  void stressForTwoMinutes() {
    for (Way way : WAYS) {
      if (lacking(way).isEmpty()) {
        stress(way, 120);
      }
    }
  }
}
