// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lodger.bench.result.Results.Row;

/** What Lodger is to cost, held against what it costs. */
public final class Goals {
  private static final String KEY = "lodger-key";
  private static final String PROCESS = "lodger-process";
  private static final String PLAIN = "lodger-key-no-rewrite";

  /** Stands for all rows of a group: the geometric mean of their ratios. */
  private static final String ALL = "*";

  private static final List<Goal> GOALS =
      List.of(
          times("micro", "getppid", KEY, 2),
          times("micro", "getppid", PLAIN, 13),
          most("micro", "getppid", PROCESS, 4000),
          times("micro", "clock_gettime", KEY, 2),
          times("micro", "fresh-page", KEY, 1.2),
          times("micro", "random-page", KEY, 3.5),
          times("micro", "mprotect-pair-touch", KEY, 3),
          times("micro", "signal-to-self", KEY, 3),
          times("micro", "pipe-ping-pong", KEY, 2.2),
          times("micro", "fork-exit-wait", KEY, 1.6),
          times("micro", "fork-exec-wait", KEY, 1.6),
          times("micro", "thread-create-join", KEY, 2.5),
          part("micro", "file-re-read", KEY, 0.9),
          part("micro", "unix-stream", KEY, 0.9),
          part("compute", ALL, KEY, 0.99),
          times("apps", "build-c", KEY, 1.25),
          part("disk", "seq-read", KEY, 0.9),
          part("disk", "seq-write", KEY, 0.9),
          part("disk", "rand-read-depth-32", KEY, 0.5),
          part("disk", "rand-write-depth-32", KEY, 0.5),
          most("boot", "one-command", KEY, 600),
          most("boot", "kernel-to-init", KEY, 60),
          most("boot", "launcher-memory", KEY, 60));

  /** Systems that Lodger is to be ahead of in every row. */
  private static final List<String> RIVALS = List.of("uml", "qemu-tcg");

  private enum Limit {
    TIMES,
    PART,
    VALUE
  }

  private record Goal(String group, String row, String system, Limit limit, double bound) {}

  /** One goal as a reader sees it; {@code verdict} is "met", "missed" or "not measured". */
  public record Outcome(
      String group, String row, String system, String goal, String measured, String verdict) {}

  private final Summary summary;

  public Goals(Summary summary) {
    this.summary = summary;
  }

  private static Goal times(String group, String row, String system, double bound) {
    return new Goal(group, row, system, Limit.TIMES, bound);
  }

  private static Goal part(String group, String row, String system, double bound) {
    return new Goal(group, row, system, Limit.PART, bound);
  }

  private static Goal most(String group, String row, String system, double bound) {
    return new Goal(group, row, system, Limit.VALUE, bound);
  }

  /** Goals whose rows stand in these results; none if they hold nothing of Lodger's. */
  public List<Outcome> outcomes() {
    List<Outcome> outcomes = new ArrayList<>();
    for (Goal goal : GOALS) {
      if (summary.results.groups().contains(goal.group())) {
        outcomes.add(judge(goal, goal.system()));
        // Where there are no keys, what the other kind makes of the goal is worth knowing.
        if (goal.system().equals(KEY)) {
          outcomes.add(judge(goal, PROCESS));
        }
      }
    }
    outcomes.removeIf(outcome -> !measured(outcome.system()));
    for (String rival : RIVALS) {
      for (String system : List.of(KEY, PROCESS)) {
        if (measured(rival) && measured(system)) {
          outcomes.add(race(system, rival));
        }
      }
    }
    return outcomes;
  }

  private boolean measured(String system) {
    return summary.results.measured().stream().anyMatch(column -> column.name().equals(system));
  }

  private Outcome judge(Goal goal, String system) {
    Optional<Double> value =
        goal.limit() == Limit.VALUE ? value(goal, system) : ratio(goal, system);
    // "0.9 of native" is said of what is better when there is more.
    Optional<Double> shown = goal.limit() == Limit.PART ? value.map(v -> 1 / v) : value;
    String unit = goal.limit() == Limit.VALUE ? " " + unit(goal) : " of native";
    boolean least = goal.limit() == Limit.PART;
    String verdict =
        shown
            .map(v -> (least ? v >= goal.bound() : v <= goal.bound()) ? "met" : "missed")
            .orElse("not measured");
    return new Outcome(
        goal.group(),
        goal.row().equals(ALL) ? "all rows" : goal.row(),
        system,
        (least ? "at least " : "at most ") + number(goal.bound()) + unit,
        shown.map(Goals::number).orElse("-"),
        verdict);
  }

  private String unit(Goal goal) {
    return summary.results.find(goal.group(), goal.row()).map(Row::unit).orElse("");
  }

  private Optional<Double> value(Goal goal, String system) {
    return lines(goal).stream()
        .flatMap(line -> Optional.ofNullable(line.cells().get(system)).stream())
        .map(cell -> cell.stats().median())
        .findFirst();
  }

  private Optional<Double> ratio(Goal goal, String system) {
    List<Double> ratios = new ArrayList<>();
    for (Summary.Line line : lines(goal)) {
      Summary.Cell cell = line.cells().get(system);
      if (cell != null && cell.ratio() != null) {
        ratios.add(cell.ratio());
      }
    }
    return ratios.isEmpty()
        ? Optional.empty()
        : Optional.of(Math.exp(ratios.stream().mapToDouble(Math::log).average().orElseThrow()));
  }

  private List<Summary.Line> lines(Goal goal) {
    return summary.lines(goal.group()).stream()
        .filter(
            line ->
                goal.row().equals(ALL)
                    ? !line.name().equals(Results.VALIDATOR)
                    : line.name().equals(goal.row()))
        .toList();
  }

  private Outcome race(String system, String rival) {
    int rows = 0;
    List<String> behind = new ArrayList<>();
    for (Row row : summary.results.rows) {
      List<Double> ours = row.values().get(system);
      List<Double> theirs = row.values().get(rival);
      if (ours == null || theirs == null || row.name().equals(Results.VALIDATOR)) {
        continue;
      }
      rows++;
      double ratio = Stats.of(ours).timesAsMuchAs(Stats.of(theirs), row.unitOf());
      // What needs no system is as fast in both: there the noise decides.
      if (ratio > 1 + Validator.TOLERANCE) {
        behind.add(row.name() + " (" + number(ratio) + " of it)");
      }
    }
    return new Outcome(
        "all",
        "every row",
        system,
        "ahead of " + rival,
        rows
            - behind.size()
            + " of "
            + rows
            + " rows"
            + (behind.isEmpty() ? "" : ", not in ")
            + String.join(", ", behind),
        behind.isEmpty() ? "met" : "missed");
  }

  private static String number(double value) {
    return value >= 100
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%.2f", value).replaceAll("\\.?0+$", "");
  }
}
