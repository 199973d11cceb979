// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Results.Row;
import org.lodger.bench.result.Stats;
import org.lodger.bench.result.Unit;

/**
 * Has a row become twice as slow? Each is measured in units of the same host: beside the same row
 * natively, a boot beside pure computing. What is recorded in docs says how many units it may take.
 * Of several rounds the best counts: noise only ever adds.
 */
final class Guard {
  /** A group's name for what is measured here. */
  static final String GROUP = "guard";

  /** Between noise, which is below it, and a factor of two. */
  static final double FACTOR = 1.6;

  /** Where another processor is recorded: its ratios are not quite those of this one. */
  static final double FACTOR_ELSEWHERE = 2.5;

  private static final String BOOT = "start-to-init";
  private static final double VALIDATOR_BOUND = 1.25;

  /** Those a change of the switcher or the kernel shows in first. */
  static final List<String> ROWS =
      List.of("getppid", "fresh-page", "fork-exec-wait", "pipe-ping-pong", "unix-stream", BOOT);

  private final Results recorded;
  private final double factor;

  Guard(Results recorded, String processor) {
    this.recorded = recorded;
    factor = processor.equals(recorded.host.get("processor")) ? FACTOR : FACTOR_ELSEWHERE;
  }

  double factor() {
    return factor;
  }

  /** A row's ratio, and the most that it may be. */
  record Check(String row, String system, double ratio, double bound) {
    boolean good() {
      return ratio <= bound;
    }
  }

  List<Check> checks(Results measured, String system) {
    List<Check> checks = new ArrayList<>();
    for (String row : ROWS) {
      double ratio =
          ratio(measured, row, system)
              .orElseThrow(() -> new Refusal("no " + row + " was measured in " + system));
      bound(row, system).ifPresent(bound -> checks.add(new Check(row, system, ratio, bound)));
    }
    ratio(measured, Results.VALIDATOR, system)
        .ifPresent(r -> checks.add(new Check(Results.VALIDATOR, system, r, VALIDATOR_BOUND)));
    return checks;
  }

  /** A kind that is not recorded is held to what the other one costs, which is no less. */
  private Optional<Double> bound(String row, String system) {
    return ratio(recorded, row, system)
        .or(() -> ratio(recorded, row, "lodger-process"))
        .map(ratio -> factor * ratio);
  }

  private static Optional<Double> ratio(Results results, String row, String system) {
    Optional<Row> found = find(results, row);
    Optional<Row> base = row.equals(BOOT) ? find(results, Results.VALIDATOR) : found;
    if (found.isEmpty() || base.isEmpty()) {
      return Optional.empty();
    }
    List<Double> ours = found.get().values().get(system);
    List<Double> natively = base.get().values().get("native");
    if (ours == null || natively == null) {
      return Optional.empty();
    }
    // A boot is some hundred thousand runs of the validator's loop.
    double scale = row.equals(BOOT) ? 1000 : 1;
    Unit unit = found.get().unitOf();
    double ratio = best(ours, unit) / best(natively, unit) * scale;
    return Optional.of(unit.moreIsBetter() ? 1 / ratio : ratio);
  }

  private static Optional<Row> find(Results results, String name) {
    return results.rows.stream().filter(row -> row.name().equals(name)).findFirst();
  }

  private static double best(List<Double> values, Unit unit) {
    Stats stats = Stats.of(values);
    return unit.moreIsBetter() ? stats.most() : stats.least();
  }
}
