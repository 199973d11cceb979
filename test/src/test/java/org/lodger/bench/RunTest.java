// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RunTest {
  private static Run run(String script, Duration limit) throws InterruptedException {
    return Run.of(List.of("sh", "-c", script), false, limit);
  }

  @Test
  void seenFromOutside() throws InterruptedException {
    Run run =
        run(
            "echo BENCH init; sleep 0.1; echo BENCH begin; echo ROW a ns 1;"
                + " i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo BENCH end 0; sleep 0.2",
            Duration.ofSeconds(60));
    assertEquals(Optional.empty(), run.failure());
    assertTrue(run.initMs() < run.endMs() - 200, run.initMs() + " to " + run.endMs());
    assertTrue(run.wallSeconds() > 0.02 && run.wallSeconds() < run.endMs() / 1000);
    assertTrue(run.cpuSeconds() > 0.02, run.cpuSeconds() + " s");
  }

  /** It and its children are killed, and nothing waits for the hour to pass. */
  @Test
  void aSystemThatHangs() throws InterruptedException {
    long start = System.nanoTime();
    Run run = run("echo BENCH init; sleep 3600 & sleep 3601", Duration.ofMillis(500));
    assertEquals("took too long and was killed", run.failure().orElseThrow());
    assertTrue(System.nanoTime() - start < 20e9);
    assertTrue(
        ProcessHandle.allProcesses()
            .noneMatch(p -> p.info().commandLine().orElse("").endsWith("sleep 3601")));
  }

  @Test
  void aSystemThatDies() throws InterruptedException {
    Run run =
        run("echo BENCH begin; echo ROW a ns 1; echo bad luck; kill -9 $$", Duration.ofSeconds(20));
    assertEquals("ended before its time; it last said: bad luck", run.failure().orElseThrow());
  }

  @Test
  void aProgramThatIsNotThere() throws InterruptedException {
    Run run = Run.of(List.of("/nonexistent/system"), false, Duration.ofSeconds(20));
    assertTrue(run.failure().orElseThrow().contains("/nonexistent/system"), run.failure()::get);
  }
}
