// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodger.bench.Transcript.Mark;
import org.lodger.bench.result.Unit;

class TranscriptTest {
  private static Transcript read(String... lines) {
    Transcript transcript = new Transcript();
    List.of(lines).forEach(transcript::accept);
    return transcript;
  }

  @Test
  void rowsBetweenWhatKernelsSay() {
    Transcript transcript =
        read(
            "[    0.123456] random: crng init done",
            "BENCH init",
            "BENCH begin\r",
            "ROW validator ns 1760",
            "ROW getppid ns 81.5\r",
            "ROW memcpy-in@16 MB/s 1.951e+05",
            "iperf3: some words",
            "ROW validator ns 1755",
            "BENCH end 0");
    assertEquals(Optional.empty(), transcript.failure());
    assertEquals(new Transcript.Value(Unit.NS, 81.5), transcript.rows().get("getppid"));
    assertEquals(195100, transcript.rows().get("memcpy-in@16").number());
    assertEquals(2, transcript.rows().size());
    assertEquals(Optional.of(1755.0), transcript.validator());
  }

  @Test
  void marks() {
    Transcript transcript = new Transcript();
    assertEquals(Mark.INIT, transcript.accept("BENCH init"));
    assertEquals(Mark.BEGIN, transcript.accept("BENCH begin"));
    assertEquals(Mark.NONE, transcript.accept("he said BENCH begin"));
    assertEquals(Mark.END, transcript.accept("BENCH end 0"));
  }

  @Test
  void aSystemThatDiesMidway() {
    Transcript transcript = read("BENCH begin", "ROW getppid ns 80", "Kernel panic - not syncing");
    assertEquals(
        "ended before its time; it last said: Kernel panic - not syncing",
        transcript.failure().orElseThrow());
  }

  @Test
  void aProgramThatFails() {
    Transcript transcript = read("BENCH begin", "ROW sieve ms 5", "exec: no memory", "BENCH end 1");
    assertEquals(
        "a program ended with status 1; it last said: exec: no memory",
        transcript.failure().orElseThrow());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ROW getppid ns",
        "ROW getppid ns fast",
        "ROW getppid ns 0",
        "ROW getppid ns -3",
        "ROW getppid ns 1.2.3",
        "ROW getppid ns 1e999",
        "ROW getppid furlongs 3",
        "ROW get ppid ns 3",
      })
  void aRowThatIsNone(String line) {
    Transcript transcript = read("BENCH begin", line, "BENCH end 0");
    assertEquals("said: " + line, transcript.failure().orElseThrow());
    assertTrue(transcript.rows().isEmpty());
  }

  @Test
  void theSameRowTwice() {
    Transcript transcript = read("ROW a ns 1", "ROW a ns 2", "BENCH end 0");
    assertEquals("measured a twice", transcript.failure().orElseThrow());
  }

  @Test
  void aRunWithinWhichTheProcessorChangedItsSpeed() {
    Transcript transcript =
        read("ROW validator ns 1000", "ROW a ns 1", "ROW validator ns 1101", "BENCH end 0");
    assertTrue(transcript.failure().orElseThrow().startsWith("disturbed: "));
    transcript =
        read("ROW validator ns 1000", "ROW a ns 1", "ROW validator ns 1099", "BENCH end 0");
    assertEquals(Optional.empty(), transcript.failure());
  }
}
