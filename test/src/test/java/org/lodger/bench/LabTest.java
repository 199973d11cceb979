// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.lodger.bench.report.Table;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Summary;
import org.lodger.bench.system.Job;
import org.lodger.bench.system.SystemUnderTest;

/** The lab with systems that are shell scripts. */
class LabTest {
  private static final Duration NO_LIMIT = Duration.ofHours(1);

  private final Results results = new Results();
  private final ByteArrayOutputStream said = new ByteArrayOutputStream();
  private final Progress progress = new Progress(new PrintStream(said), false);
  private final Lab lab = new Lab(results, progress);

  private record Script(String name, String script, boolean runsNatively)
      implements SystemUnderTest {
    @Override
    public String description() {
      return "a script";
    }

    @Override
    public String version() {
      return "1";
    }

    @Override
    public Optional<String> whyNot() {
      return Optional.empty();
    }

    @Override
    public List<String> command(Job job) {
      return List.of("sh", "-c", "job=" + job.work() + "; echo BENCH init; " + script);
    }
  }

  private static Script measuring(String name, double row, double validator) {
    return new Script(
        name,
        "echo BENCH begin; [ $job = boot ] || { echo ROW validator ns "
            + validator
            + "; echo ROW a ns "
            + row
            + "; }; echo BENCH end 0",
        true);
  }

  private Summary measure(int rounds, SystemUnderTest... systems) {
    List<SystemUnderTest> present = Lab.present(List.of(systems), results, progress);
    lab.carryOut(Step.plan(rounds, List.of(Group.MICRO), present, true), rounds, NO_LIMIT);
    return new Summary(results);
  }

  @Test
  void ratiosToNative() {
    Summary summary = measure(3, measuring("native", 100, 1000), measuring("uml", 450, 1020));
    assertEquals(4.5, summary.lines.get(0).cells().get("uml").ratio());
    assertEquals(3, summary.lines.get(0).cells().get("uml").stats().count());
    assertTrue(summary.voids.isEmpty());
    assertTrue(Table.text(summary).contains("450 (4.50)"), Table.text(summary));
  }

  @Test
  void aColumnOnASlowerProcessorIsVoid() {
    Summary summary = measure(1, measuring("native", 100, 1000), measuring("uml", 450, 1060));
    assertTrue(summary.isVoid("micro", "uml"));
    assertTrue(Table.text(summary).contains("void"));
    assertFalse(Table.text(summary).contains("450"), Table.text(summary));
    assertTrue(Table.text(summary).contains("pure computing took 1.06 times as long as natively"));
  }

  @Test
  void aSystemThatTranslatesMayComputeSlowly() {
    Script translating = new Script("tcg", measuring("tcg", 9, 9000).script(), false);
    assertTrue(measure(1, measuring("native", 1, 1000), translating).voids.isEmpty());
  }

  /** Its runs are rejected and counted, its cells say so, the others go on. */
  @Test
  void aSystemThatDiesMidway() {
    Script dying =
        new Script(
            "uml",
            "echo BENCH begin; [ $job = boot ] || { echo oops; exit 1; }; echo BENCH end 0",
            true);
    Summary summary = measure(3, measuring("native", 100, 1000), dying);
    assertEquals(2, summary.rejected("micro", "uml")); // then it is not tried again
    assertEquals("ended before its time; it last said: oops", results.rejections.get(0).reason());
    assertEquals(3, summary.lines.get(0).cells().get("native").stats().count());
    assertTrue(Table.text(summary).contains("failed"));
  }

  /** A run that fails once is repeated, and only the good one counts. */
  @Test
  void aRunThatFailsOnce(@org.junit.jupiter.api.io.TempDir java.nio.file.Path dir) {
    String once = "[ $job = boot ] || [ -e " + dir + "/x ] || { touch " + dir + "/x; exit 3; }; ";
    Script unlucky = new Script("uml", once + measuring("uml", 5, 1000).script(), true);
    Summary summary = measure(2, measuring("native", 1, 1000), unlucky);
    assertEquals(1, summary.rejected("micro", "uml"));
    assertEquals(2, summary.lines.get(0).cells().get("uml").stats().count());
  }

  @Test
  void aSystemThatDoesNotStartTakesNoPart() {
    Summary summary =
        measure(1, measuring("native", 1, 1000), new Script("uml", "echo no luck; exit 1", true));
    assertEquals(
        List.of("native"), summary.results.measured().stream().map(c -> c.name()).toList());
    assertTrue(
        Table.text(summary)
            .contains(
                "without uml: a trial start failed: ended before its time; it last said: no luck"));
  }

  /** The first round is done in any case. */
  @Test
  void laterRoundsOnlyInTime() {
    List<SystemUnderTest> present = List.of(measuring("native", 1, 1000));
    lab.carryOut(Step.plan(5, List.of(Group.MICRO), present, true), 5, Duration.ofMillis(1));
    assertEquals(List.of(1.0), results.find("micro", "a").orElseThrow().values().get("native"));
  }

  @Test
  void whatIsFinishedStaysWhenItIsStopped() throws InterruptedException {
    Script slow =
        new Script("uml", "echo BENCH begin; [ $job = boot ] || sleep 60; echo BENCH end 0", true);
    List<SystemUnderTest> present =
        Lab.present(List.of(measuring("native", 7, 1000), slow), results, progress);
    Thread worker =
        new Thread(
            () -> lab.carryOut(Step.plan(2, List.of(Group.MICRO), present, true), 2, NO_LIMIT));
    worker.start();
    while (results.rows.size() < 2) {
      Thread.sleep(10);
    }
    Thread.sleep(300);
    lab.stop();
    worker.join(20000);
    assertFalse(worker.isAlive());
    assertTrue(results.interrupted);
    assertEquals(Map.of("native", List.of(7.0)), results.find("micro", "a").orElseThrow().values());
    assertTrue(results.rejections.isEmpty(), results.rejections.toString());
  }
}
