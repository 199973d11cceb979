// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class StatsTest {
  @Test
  void medianOfOddAndEven() {
    assertEquals(new Stats(5, 3, 1, 100), Stats.of(List.of(100.0, 2.0, 3.0, 1.0, 50.0)));
    assertEquals(new Stats(4, 2.5, 1, 100), Stats.of(List.of(100.0, 2.0, 3.0, 1.0)));
    assertEquals(new Stats(1, 7, 7, 7), Stats.of(List.of(7.0)));
  }

  /** Whatever the unit, above 1 is worse. */
  @Test
  void ratiosHaveOneDirection() {
    Stats ten = Stats.of(List.of(10.0));
    Stats forty = Stats.of(List.of(40.0));
    assertEquals(4, forty.timesAsMuchAs(ten, Unit.NS));
    assertEquals(0.25, forty.timesAsMuchAs(ten, Unit.MB_PER_S));
  }

  @Test
  void apartOnlyWithoutACommonRange() {
    Stats low = Stats.of(List.of(1.0, 2.0, 3.0));
    assertTrue(low.apartFrom(Stats.of(List.of(3.1, 4.0))));
    assertTrue(Stats.of(List.of(3.1, 4.0)).apartFrom(low));
    assertFalse(low.apartFrom(Stats.of(List.of(3.0, 4.0))));
    assertFalse(low.apartFrom(Stats.of(List.of(1.5))));
  }
}
