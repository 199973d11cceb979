// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Unit;

class GuardTest {
  private static final String SYSTEM = "lodger-process";

  /** Every row costs {@code times} native, and a boot so much of pure computing. */
  private static Results results(String group, String system, double times) {
    Results results = new Results();
    results.host.put("processor", "Z80");
    for (String row : Guard.ROWS) {
      Unit unit = row.equals("unix-stream") ? Unit.MB_PER_S : Unit.NS;
      double value = unit.moreIsBetter() ? 1000 / times : 1000 * times;
      results.add(group, "native", row, unit, 1000);
      results.add(group, system, row, unit, value);
    }
    results.add(group, "native", Results.VALIDATOR, Unit.NS, 1000);
    results.add(group, system, Results.VALIDATOR, Unit.NS, 1000);
    return results;
  }

  private static List<String> slower(Guard guard, Results measured, String system) {
    return guard.checks(measured, system).stream()
        .filter(check -> !check.good())
        .map(Guard.Check::row)
        .toList();
  }

  @Test
  void noisePassesAndAFactorOfTwoDoesNot() {
    Guard guard = new Guard(results("any", SYSTEM, 3), "Z80");
    assertEquals(List.of(), slower(guard, results(Guard.GROUP, SYSTEM, 4.5), SYSTEM));
    assertEquals(Guard.ROWS, slower(guard, results(Guard.GROUP, SYSTEM, 6), SYSTEM));
  }

  @Test
  void theBestRoundCounts() {
    Guard guard = new Guard(results("any", SYSTEM, 3), "Z80");
    Results measured = results(Guard.GROUP, SYSTEM, 3);
    measured.add(Guard.GROUP, SYSTEM, "getppid", Unit.NS, 1e6);
    measured.add(Guard.GROUP, SYSTEM, "unix-stream", Unit.MB_PER_S, 1);
    assertEquals(List.of(), slower(guard, measured, SYSTEM));
  }

  @Test
  void anotherProcessorHasWiderBounds() {
    Guard guard = new Guard(results("any", SYSTEM, 3), "6502");
    assertEquals(List.of(), slower(guard, results(Guard.GROUP, SYSTEM, 7), SYSTEM));
    assertEquals(Guard.ROWS, slower(guard, results(Guard.GROUP, SYSTEM, 8), SYSTEM));
  }

  @Test
  void aKindThatIsNotRecorded() {
    Guard guard = new Guard(results("any", SYSTEM, 3), "Z80");
    Results measured = results(Guard.GROUP, "lodger-key", 3);
    assertEquals(List.of(), slower(guard, measured, "lodger-key"));
  }

  @Test
  void slowComputingAndMissingRowsAreNoted() {
    Guard guard = new Guard(results("any", SYSTEM, 3), "Z80");
    Results measured = results(Guard.GROUP, SYSTEM, 3);
    measured
        .find(Guard.GROUP, Results.VALIDATOR)
        .orElseThrow()
        .values()
        .put(SYSTEM, List.of(1300.0));
    assertEquals(List.of(Results.VALIDATOR), slower(guard, measured, SYSTEM));
    measured.rows.remove(0);
    Refusal refusal = assertThrows(Refusal.class, () -> guard.checks(measured, SYSTEM));
    assertTrue(refusal.getMessage().contains("getppid"), refusal.getMessage());
  }
}
