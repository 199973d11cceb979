// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Results.Row;
import org.lodger.bench.result.Stats;
import org.lodger.bench.result.Validator;

/** Two results side by side: what became faster, what slower, and what only looks so. */
public final class Comparison {
  /** Less than this is not worth a word, however sure. */
  private static final double WORTH_SAYING = 0.02;

  private final Results before;
  private final Results after;

  public Comparison(Results before, Results after) {
    this.before = before;
    this.after = after;
  }

  public String text() {
    StringBuilder text = new StringBuilder();
    List<List<String>> table = new ArrayList<>();
    table.add(List.of("row", "system", "A", "B", "B : A", ""));
    for (Row row : after.rows) {
      before
          .find(row.group(), row.name())
          .filter(old -> old.unit().equals(row.unit()))
          .ifPresent(old -> lines(old, row, table));
    }
    caveats().forEach(caveat -> text.append("note: ").append(caveat).append('\n'));
    if (table.size() == 1) {
      return text.append("the two have no row in common\n").toString();
    }
    text.append(Table.align(table));
    return text.append("B : A above 1 means that B is slower.\n").toString();
  }

  private List<String> caveats() {
    List<String> caveats = new ArrayList<>();
    for (String fact : List.of("processor", "kernel", "processors")) {
      String a = before.host.getOrDefault(fact, "?");
      String b = after.host.getOrDefault(fact, "?");
      if (!a.equals(b)) {
        caveats.add("another " + fact + ": " + a + ", then " + b);
      }
    }
    if (!String.valueOf(before.programs).equals(after.programs)) {
      caveats.add("the programs of the two are not the same");
    }
    if (before.quick != after.quick) {
      caveats.add("one is quick, the other is not");
    }
    return caveats;
  }

  private void lines(Row old, Row now, List<List<String>> table) {
    now.values()
        .forEach(
            (system, values) ->
                Optional.ofNullable(old.values().get(system))
                    .ifPresent(
                        earlier ->
                            table.add(line(now, system, Stats.of(earlier), Stats.of(values)))));
  }

  private List<String> line(Row row, String system, Stats a, Stats b) {
    double ratio = b.timesAsMuchAs(a, row.unitOf());
    return List.of(
        row.group() + " " + row.name() + " " + row.unit(),
        system,
        Numbers.value(a.median()),
        Numbers.value(b.median()),
        Numbers.ratio(ratio),
        isVoid(row.group(), system) ? "void" : verdict(ratio, a, b));
  }

  private boolean isVoid(String group, String system) {
    return List.of(before, after).stream()
        .flatMap(results -> Validator.voids(results).stream())
        .anyMatch(v -> v.group().equals(group) && v.system().equals(system));
  }

  /** Only ranges that lie apart are a difference. */
  static String verdict(double ratio, Stats a, Stats b) {
    if (Math.abs(ratio - 1) < WORTH_SAYING || !a.apartFrom(b)) {
      return "same";
    }
    return ratio > 1 ? "slower" : "faster";
  }
}
