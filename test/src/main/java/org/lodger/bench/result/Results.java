// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.result;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** All that was measured, as it stands in a JSON file. */
public final class Results {
  public static final String FORMAT = "lodger-bench";
  public static final int VERSION = 1;

  /** The row of pure computing by which columns are checked; see {@link Validator}. */
  public static final String VALIDATOR = "validator";

  public String format = FORMAT;
  public int version = VERSION;
  public String started;
  public boolean quick;
  public boolean interrupted;
  public int rounds;
  public int cpu;
  public String memory;

  /** A digest of the root's programs: rows of different programs are different rows. */
  public String programs;

  public Map<String, String> host = new TreeMap<>();
  public List<Column> systems = new ArrayList<>();
  public List<Row> rows = new ArrayList<>();
  public List<Cost> costs = new ArrayList<>();
  public List<Rejection> rejections = new ArrayList<>();

  /** A system; {@code whyNot} is null if it took part. */
  public record Column(
      String name, String description, String version, boolean runsNatively, String whyNot) {}

  /** A row's values by system, in the order of rounds. */
  public record Row(String group, String name, String unit, Map<String, List<Double>> values) {
    public Unit unitOf() {
      return Unit.of(unit).orElseThrow();
    }
  }

  /**
   * One run's cost for the whole host, next to the wall's time: CPU time of all its processes, and
   * of whatever else ran on the host meanwhile.
   */
  public record Cost(
      String group, String system, double cpuSeconds, double companySeconds, double wallSeconds) {}

  /** A run whose values were thrown away. */
  public record Rejection(String group, String system, int round, String reason) {}

  public void add(String group, String system, String name, Unit unit, double value) {
    find(group, name)
        .orElseGet(
            () -> {
              Row row = new Row(group, name, unit.toString(), new TreeMap<>());
              rows.add(row);
              return row;
            })
        .values()
        .computeIfAbsent(system, s -> new ArrayList<>())
        .add(value);
  }

  public Optional<Row> find(String group, String name) {
    return rows.stream().filter(r -> r.group().equals(group) && r.name().equals(name)).findFirst();
  }

  public List<String> groups() {
    return rows.stream().map(Row::group).distinct().toList();
  }

  /** Systems that took part. */
  public List<Column> measured() {
    return systems.stream().filter(column -> column.whyNot() == null).toList();
  }
}
