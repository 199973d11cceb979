// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Stats;
import org.lodger.bench.result.Unit;

class ComparisonTest {
  private static Results results(Unit unit, double... values) {
    Results results = new Results();
    for (double value : values) {
      results.add("micro", "lodger-process", "row", unit, value);
    }
    return results;
  }

  private static String verdict(Unit unit, double[] a, double[] b) {
    return new Comparison(results(unit, a), results(unit, b))
        .text()
        .lines()
        .filter(line -> line.contains("lodger-process"))
        .map(line -> line.replaceAll(".* ", ""))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void verdicts() {
    double[] some = {100, 101, 102};
    assertEquals("same", verdict(Unit.NS, some, new double[] {99, 101.5, 103}));
    assertEquals("slower", verdict(Unit.NS, some, new double[] {110, 120, 111}));
    assertEquals("faster", verdict(Unit.NS, some, new double[] {90, 80, 99}));
    assertEquals("faster", verdict(Unit.IOPS, some, new double[] {110, 120, 111}));
    assertEquals("same", verdict(Unit.NS, some, new double[] {102.1, 102.2, 102.3}));
  }

  @Test
  void theSameFileTwiceHasNoDifference() {
    Stats stats = Stats.of(List.of(1.0, 2.0));
    assertEquals("same", Comparison.verdict(stats.timesAsMuchAs(stats, Unit.NS), stats, stats));
  }

  @Test
  void whatMakesTwoResultsHardToCompare() {
    Results a = results(Unit.NS, 1);
    Results b = results(Unit.NS, 1);
    a.host.put("processor", "this");
    b.host.put("processor", "that");
    b.quick = true;
    String text = new Comparison(a, b).text();
    assertTrue(text.contains("note: another processor: this, then that"), text);
    assertTrue(text.contains("note: one is quick"), text);
  }

  @Test
  void rowsInOtherUnitsAreNotCompared() {
    String text = new Comparison(results(Unit.NS, 1), results(Unit.IOPS, 1)).text();
    assertTrue(text.contains("no row in common"), text);
  }
}
