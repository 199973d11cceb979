// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class GrowthTest {
  private static String verdict(DoubleUnaryOperator cost) {
    return Growth.verdict(
        DoubleStream.of(1, 4, 16, 64)
            .mapToObj(size -> new Growth.Point(size, cost.applyAsDouble(size)))
            .toList());
  }

  @Test
  void straight() {
    assertEquals(
        "no worse than linear; 64 times the size costs 64.0 times as much", verdict(n -> 3 * n));
    assertTrue(verdict(n -> 300 + n).startsWith("no worse"), verdict(n -> 300 + n));
    assertTrue(verdict(n -> 300).startsWith("no worse"));
    assertTrue(verdict(n -> n == 16 ? 250 : 300).startsWith("no worse"), "noise");
    assertTrue(verdict(n -> n == 64 ? 400 : 300).startsWith("no worse"), "little");
    assertTrue(verdict(n -> n == 64 ? 90 : n).startsWith("no worse"), "more noise");
  }

  @Test
  void bent() {
    assertTrue(verdict(Math::sqrt).startsWith("no worse"));
    assertEquals(
        "worse than linear: beyond 16 each costs 4.7 times what it did up to 16;"
            + " 64 times the size costs 4,096.0 times as much",
        verdict(n -> n * n));
    assertTrue(verdict(n -> n < 64 ? 300 : 600).startsWith("worse than linear"), "a cliff");
    assertTrue(
        verdict(n -> 1000 + n * n).startsWith("worse than linear"), verdict(n -> 1000 + n * n));
  }

  @Test
  void aLineForEachCurve() {
    Results results = new Results();
    results.systems.add(new Results.Column("lodger-process", "", "1", true, null));
    for (int n : new int[] {1, 2, 4}) {
      results.add("growth", "lodger-process", "ram-boot@" + n, Unit.MS, 100 * n);
    }
    assertEquals(
        List.of(
            "ram-boot in lodger-process: no worse than linear; 4 times the size costs 4.0 times as much"),
        Growth.verdicts(new Summary(results)));
  }
}
