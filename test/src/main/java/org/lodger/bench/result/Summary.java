// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.result;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lodger.bench.result.Results.Column;
import org.lodger.bench.result.Results.Cost;
import org.lodger.bench.result.Results.Row;

/** What all forms of output show: one line a row, one cell a system. */
public final class Summary {
  public final Results results;
  public final List<Line> lines = new ArrayList<>();
  public final List<Load> loads = new ArrayList<>();
  public final List<Validator.Void> voids;

  /** A row; {@code series} and {@code size} (KiB) are set where it is a point of a curve. */
  public record Line(
      String group,
      String name,
      String series,
      Double size,
      String unit,
      boolean moreIsBetter,
      Map<String, Cell> cells) {}

  /** {@code ratio} is to native, above 1 is worse; null without native, or if the cell is void. */
  public record Cell(Stats stats, Double ratio, boolean isVoid) {}

  /** CPU seconds of the whole host for each second of a group's runs. */
  public record Load(String group, Map<String, Double> systems) {}

  public Summary(Results results) {
    this.results = results;
    voids = Validator.voids(results);
    results.rows.forEach(row -> lines.add(line(row)));
    results.groups().forEach(group -> load(group).ifPresent(loads::add));
  }

  private Line line(Row row) {
    Map<String, Cell> cells = new LinkedHashMap<>();
    for (Column column : results.measured()) {
      List<Double> values = row.values().get(column.name());
      if (values != null) {
        cells.put(column.name(), cell(row, column.name(), Stats.of(values)));
      }
    }
    String[] parts = row.name().split("@");
    return new Line(
        row.group(),
        row.name(),
        parts.length == 2 ? parts[0] : null,
        parts.length == 2 ? Double.valueOf(parts[1]) : null,
        row.unit(),
        row.unitOf().moreIsBetter(),
        cells);
  }

  private Cell cell(Row row, String system, Stats stats) {
    boolean isVoid = isVoid(row.group(), system);
    List<Double> base = row.values().get("native");
    // A native start is no boot, and a native process that sleeps is no idle guest.
    boolean comparable = base != null && !isVoid && !row.group().equals("boot");
    return new Cell(
        stats, comparable ? stats.timesAsMuchAs(Stats.of(base), row.unitOf()) : null, isVoid);
  }

  public boolean isVoid(String group, String system) {
    return voids.stream().anyMatch(v -> v.group().equals(group) && v.system().equals(system));
  }

  private Optional<Load> load(String group) {
    Map<String, Double> systems = new LinkedHashMap<>();
    for (Column column : results.measured()) {
      double cpu = 0;
      double wall = 0;
      for (Cost cost : results.costs) {
        if (cost.group().equals(group) && cost.system().equals(column.name())) {
          cpu += cost.cpuSeconds();
          wall += cost.wallSeconds();
        }
      }
      if (wall > 0) {
        systems.put(column.name(), cpu / wall);
      }
    }
    return systems.isEmpty() ? Optional.empty() : Optional.of(new Load(group, systems));
  }

  /** How many processors other programs of the host kept busy while this was measured. */
  public double company() {
    double wall = results.costs.stream().mapToDouble(Cost::wallSeconds).sum();
    double company = results.costs.stream().mapToDouble(Cost::companySeconds).sum();
    return wall > 0 ? company / wall : 0;
  }

  /** The systems that took part in a group. */
  public List<Column> columns(String group) {
    return results.measured().stream()
        .filter(
            column ->
                rejected(group, column.name()) > 0
                    || lines(group).stream().anyMatch(l -> l.cells().containsKey(column.name())))
        .toList();
  }

  public List<Line> lines(String group) {
    return lines.stream().filter(line -> line.group().equals(group)).toList();
  }

  public long rejected(String group, String system) {
    return results.rejections.stream()
        .filter(r -> r.group().equals(group) && r.system().equals(system))
        .count();
  }
}
