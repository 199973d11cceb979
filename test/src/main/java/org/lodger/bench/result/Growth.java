// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.result;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lodger.bench.Group;

/** How cost grows: which curves there are, and whether one of them bends upwards. */
public final class Growth {
  /**
   * How much dearer the last ones must be to be no noise; less than half of what a square makes of
   * it.
   */
  private static final double DEARER = 2;

  /** A last step that adds no more than this part is no growth. */
  private static final double FLAT = 0.25;

  private static final double NOISE = 0.1;

  private static final String GROUP = Group.GROWTH.toString();

  /** What a curve's sizes count. */
  public static final Map<String, String> AXES =
      Map.of(
          "busy-guests-time", "guests",
          "busy-guests-memory", "guests",
          "processes-create", "processes",
          "processes-round", "processes",
          "processes-end", "processes",
          "ram-boot", "MiB of RAM",
          "ram-touched", "MiB of RAM",
          "ram-resident", "MiB of RAM");

  private Growth() {}

  record Point(double size, double cost) {}

  /** One line a curve. */
  public static List<String> verdicts(Summary summary) {
    Map<String, List<Point>> curves = new LinkedHashMap<>();
    for (Summary.Line line : summary.lines(GROUP)) {
      if (line.series() != null) {
        line.cells()
            .forEach(
                (system, cell) ->
                    curves
                        .computeIfAbsent(line.series() + " in " + system, k -> new ArrayList<>())
                        .add(new Point(line.size(), cell.stats().median())));
      }
    }
    List<String> verdicts = new ArrayList<>();
    curves.forEach(
        (name, points) -> {
          if (points.size() > 2) {
            verdicts.add(name + ": " + verdict(points));
          }
        });
    return verdicts;
  }

  /**
   * Compares what each of the last ones costs with what each of the first half did, so that costs
   * which are there from the start do not count. Where all grows linearly the two are the same.
   */
  static String verdict(List<Point> points) {
    List<Point> sorted = points.stream().sorted(Comparator.comparingDouble(Point::size)).toList();
    Point first = sorted.get(0);
    Point middle = sorted.get(sorted.size() / 2);
    Point before = sorted.get(sorted.size() - 2);
    Point last = sorted.get(sorted.size() - 1);
    boolean flat = last.cost() <= before.cost() * (1 + FLAT);
    // As much may be hidden by noise where little grows.
    double hidden = NOISE * first.cost() / (middle.size() - first.size());
    double dearer = slope(before, last) / Math.max(slope(first, middle), hidden);
    String growth =
        String.format(
            Locale.ROOT,
            "%,.0f times the size costs %,.1f times as much",
            last.size() / first.size(),
            last.cost() / first.cost());
    return flat || dearer < DEARER
        ? "no worse than linear; " + growth
        : String.format(
            Locale.ROOT,
            "worse than linear: beyond %,.0f each costs %.1f times what it did up to %,.0f; %s",
            before.size(),
            dearer,
            middle.size(),
            growth);
  }

  private static double slope(Point from, Point to) {
    return (to.cost() - from.cost()) / (to.size() - from.size());
  }
}
