// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.report;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lodger.bench.Group;
import org.lodger.bench.result.Goals;
import org.lodger.bench.result.Growth;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Summary;
import org.lodger.bench.result.Summary.Cell;
import org.lodger.bench.result.Summary.Line;

/** A page for {@code docs/}: tables of medians, ranges, and ratios to native. */
public final class Markdown {
  private Markdown() {}

  public static String text(Summary summary) {
    Results results = summary.results;
    StringBuilder text = new StringBuilder("# Performance\n\n");
    text.append("Written by `./lodger bench --markdown`; run it to measure your own machine.\n\n");
    line(text, results.started.substring(0, 10) + ", " + results.host.get("processor"));
    line(
        text,
        String.format(
            "host %s, %s processors; guests have %s; programs run on processor %d",
            results.host.get("kernel"),
            results.host.get("processors"),
            results.memory,
            results.cpu));
    line(
        text,
        results.rounds
            + " rounds, all systems in turn; median (least to most), and how many times as much as"
            + " native that is: above 1 is slower");
    line(text, "the same programs from the same root everywhere");
    for (Results.Column column : results.measured()) {
      line(text, column.name() + ": " + column.description() + " (" + column.version() + ")");
    }
    Table.notes(summary).forEach(note -> line(text, note));
    goals(text, new Goals(summary).outcomes());
    for (String group : results.groups()) {
      section(text, summary, group);
    }
    if (results.groups().contains(Group.GROWTH.toString())) {
      text.append('\n');
      Growth.verdicts(summary).forEach(verdict -> line(text, verdict));
    }
    return text.toString();
  }

  private static void goals(StringBuilder text, List<Goals.Outcome> outcomes) {
    if (outcomes.isEmpty()) {
      return;
    }
    text.append("\n## goals\n\nWhat Lodger is to cost, and whether it does.\n\n");
    text.append("| group | row | system | goal | measured | |\n|---|---|---|---|---|---|\n");
    for (Goals.Outcome o : outcomes) {
      text.append(
          Stream.of(o.group(), o.row(), o.system(), o.goal(), o.measured(), o.verdict())
              .collect(Collectors.joining(" | ", "| ", " |\n")));
    }
  }

  private static void line(StringBuilder text, String item) {
    text.append("- ").append(item).append('\n');
  }

  private static void section(StringBuilder text, Summary summary, String group) {
    List<String> columns = summary.columns(group).stream().map(Results.Column::name).toList();
    Group known = Group.valueOf(group.toUpperCase(java.util.Locale.ROOT));
    text.append(String.format("%n## %s%n%n%s%n%n", group, known.explanation()));
    text.append("| row | unit |");
    columns.forEach(column -> text.append(' ').append(column).append(" |"));
    text.append("\n|---|---|").append("---|".repeat(columns.size())).append('\n');
    for (Line line : summary.lines(group)) {
      text.append("| ").append(line.name()).append(" | ").append(line.unit()).append(" |");
      columns.forEach(column -> text.append(' ').append(cell(line.cells(), column)).append(" |"));
      text.append('\n');
    }
    for (Summary.Load load : summary.loads) {
      if (load.group().equals(group)) {
        text.append(
            columns.stream()
                .map(load.systems()::get)
                .map(busy -> busy == null ? "-" : Numbers.value(busy))
                .collect(Collectors.joining(" | ", "| *processors kept busy* | | ", " |\n")));
      }
    }
  }

  private static String cell(Map<String, Cell> cells, String column) {
    Cell cell = cells.get(column);
    if (cell == null) {
      return "-";
    }
    if (cell.isVoid()) {
      return "void";
    }
    String value =
        String.format(
            "%s (%s to %s)",
            Numbers.value(cell.stats().median()),
            Numbers.value(cell.stats().least()),
            Numbers.value(cell.stats().most()));
    return cell.ratio() == null || column.equals("native")
        ? value
        : value + ", **" + Numbers.ratio(cell.ratio()) + "**";
  }
}
