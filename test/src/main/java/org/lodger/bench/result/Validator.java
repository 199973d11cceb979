// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lodger.bench.result.Results.Column;
import org.lodger.bench.result.Results.Row;

/**
 * Checks columns by a row of pure computing, which is as fast in every system that runs programs on
 * the processor. Where it is not, something else was measured: a slower clock, a busy neighbour.
 */
public final class Validator {
  /** A column is void beyond this. */
  static final double TOLERANCE = 0.05;

  /** A run is rejected if it begins and ends this far apart. */
  static final double DRIFT = 0.10;

  private Validator() {}

  /** A group of a system whose values mean nothing. */
  public record Void(String group, String system, String reason) {}

  public static List<Void> voids(Results results) {
    List<Void> voids = new ArrayList<>();
    for (Row row : results.rows) {
      List<Double> base = row.values().get("native");
      if (!row.name().equals(Results.VALIDATOR) || base == null) {
        continue;
      }
      for (Column column : results.measured()) {
        List<Double> values = row.values().get(column.name());
        if (column.runsNatively() && values != null) {
          judge(Stats.of(values), Stats.of(base))
              .ifPresent(reason -> voids.add(new Void(row.group(), column.name(), reason)));
        }
      }
    }
    return voids;
  }

  private static Optional<String> judge(Stats values, Stats base) {
    double ratio = values.median() / base.median();
    return Math.abs(ratio - 1) <= TOLERANCE
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT, "pure computing took %.2f times as long as natively", ratio));
  }

  /** Why a run with these readings, from its begin and its end, is no good. */
  public static Optional<String> drift(List<Double> readings) {
    if (readings.size() < 2) {
      return Optional.empty();
    }
    Stats stats = Stats.of(readings);
    return stats.most() <= stats.least() * (1 + DRIFT)
        ? Optional.empty()
        : Optional.of(
            String.format(
                Locale.ROOT,
                "disturbed: the processor's speed changed by %.0f %% within the run",
                100 * (stats.most() / stats.least() - 1)));
  }
}
