// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.result;

import java.util.List;

/**
 * What is said of the values of one cell. The median, since one slow round says nothing; the range,
 * since a handful of rounds carries no finer statement about its spread.
 */
public record Stats(int count, double median, double least, double most) {
  /** Of at least one value. */
  public static Stats of(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int middle = sorted.size() / 2;
    double median =
        sorted.size() % 2 == 1
            ? sorted.get(middle)
            : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    return new Stats(sorted.size(), median, sorted.get(0), sorted.get(sorted.size() - 1));
  }

  /** How many times as much this costs as the other; above 1 is worse, whatever the unit. */
  public double timesAsMuchAs(Stats other, Unit unit) {
    return unit.moreIsBetter() ? other.median / median : median / other.median;
  }

  /**
   * No value of one is among the values of the other. With four rounds each, chance alone does that
   * in 3 of 100 cases; with three, in 10.
   */
  public boolean apartFrom(Stats other) {
    return least > other.most || most < other.least;
  }
}
