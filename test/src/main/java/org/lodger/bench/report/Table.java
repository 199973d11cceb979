// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Summary;
import org.lodger.bench.result.Summary.Cell;
import org.lodger.bench.result.Summary.Line;

/** For the terminal: a table a group, ratios to native in brackets. */
public final class Table {
  /** Processors that may be busy with other things before it is worth a warning. */
  private static final double QUIET = 0.1;

  private Table() {}

  public static String text(Summary summary) {
    StringBuilder text = new StringBuilder();
    for (String group : summary.results.groups()) {
      text.append('\n').append(group).append('\n');
      text.append(align(table(summary, group)));
    }
    text.append("\nIn brackets: how many times as much as native; above 1 is slower.\n");
    notes(summary).forEach(note -> text.append(note).append('\n'));
    return text.toString();
  }

  /** What a reader must know before the figures are believed. */
  static List<String> notes(Summary summary) {
    List<String> notes = new ArrayList<>();
    for (Results.Column column : summary.results.systems) {
      if (column.whyNot() != null) {
        notes.add("without " + column.name() + ": " + column.whyNot());
      }
    }
    if (summary.company() > QUIET) {
      notes.add(
          String.format(
              Locale.ROOT,
              "the host was busy: other programs used %.1f processors all the while",
              summary.company()));
    }
    summary.voids.forEach(
        v -> notes.add("void: " + v.group() + " in " + v.system() + ": " + v.reason()));
    for (Results.Column column : summary.results.measured()) {
      for (String group : groups(summary.results)) {
        long rejected = summary.rejected(group, column.name());
        if (rejected > 0) {
          notes.add(
              String.format(
                  "%d rejected: %s in %s, last because: %s",
                  rejected,
                  group,
                  column.name(),
                  lastReason(summary.results, group, column.name())));
        }
      }
    }
    if (summary.results.interrupted) {
      notes.add("interrupted: some rounds are missing");
    }
    return notes;
  }

  private static List<String> groups(Results results) {
    List<String> groups = new ArrayList<>(results.groups());
    results.rejections.stream()
        .map(Results.Rejection::group)
        .filter(group -> !groups.contains(group))
        .distinct()
        .forEach(groups::add);
    return groups;
  }

  private static String lastReason(Results results, String group, String system) {
    return results.rejections.stream()
        .filter(r -> r.group().equals(group) && r.system().equals(system))
        .map(Results.Rejection::reason)
        .reduce("", (first, last) -> last);
  }

  private static List<List<String>> table(Summary summary, String group) {
    List<Results.Column> columns = summary.columns(group);
    List<List<String>> table = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of("", ""));
    columns.forEach(column -> head.add(column.name()));
    table.add(head);
    for (Line line : summary.lines(group)) {
      List<String> cells = new ArrayList<>(List.of(line.name(), line.unit()));
      for (Results.Column column : columns) {
        cells.add(cell(line.cells().get(column.name()), column.name(), summary, group));
      }
      table.add(cells);
    }
    for (Summary.Load load : summary.loads) {
      if (load.group().equals(group)) {
        List<String> cells = new ArrayList<>(List.of("processors kept busy", ""));
        for (Results.Column column : columns) {
          Double busy = load.systems().get(column.name());
          cells.add(busy == null ? "-" : String.format(Locale.ROOT, "%.2f", busy));
        }
        table.add(cells);
      }
    }
    return table;
  }

  private static String cell(Cell cell, String system, Summary summary, String group) {
    if (cell == null) {
      return summary.rejected(group, system) > 0 ? "failed" : "-";
    }
    if (cell.isVoid()) {
      return "void";
    }
    String value = Numbers.value(cell.stats().median());
    return cell.ratio() == null || system.equals("native")
        ? value
        : value + " (" + Numbers.ratio(cell.ratio()) + ")";
  }

  /** The first column to the left, all others to the right. */
  static String align(List<List<String>> table) {
    int columns = table.get(0).size();
    int[] widths = new int[columns];
    for (List<String> row : table) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : table) {
      StringBuilder line = new StringBuilder("  ");
      for (int i = 0; i < columns; i++) {
        String pad = " ".repeat(widths[i] - row.get(i).length());
        line.append(i < 2 ? row.get(i) + pad : pad + row.get(i)).append("  ");
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }
}
