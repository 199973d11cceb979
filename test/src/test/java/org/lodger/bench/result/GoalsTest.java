// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.result;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.lodger.bench.result.Goals.Outcome;

class GoalsTest {
  private final Results results = new Results();

  GoalsTest() {
    for (String system : List.of("native", "lodger-process", "lodger-key", "uml")) {
      results.systems.add(new Results.Column(system, "", "1", true, null));
    }
  }

  private void row(String group, String row, Unit unit, double host, double process, double key) {
    results.add(group, "native", row, unit, host);
    results.add(group, "lodger-process", row, unit, process);
    results.add(group, "lodger-key", row, unit, key);
  }

  private Outcome outcome(String row, String system, String goal) {
    Optional<Outcome> found =
        new Goals(new Summary(results))
            .outcomes().stream()
                .filter(o -> o.row().equals(row) && o.system().equals(system))
                .filter(o -> o.goal().startsWith(goal))
                .findFirst();
    return found.orElseThrow();
  }

  @Test
  void timesAsMuchAsNative() {
    row("micro", "getppid", Unit.NS, 100, 4100, 150);
    assertEquals(
        new Outcome("micro", "getppid", "lodger-key", "at most 2 of native", "1.5", "met"),
        outcome("getppid", "lodger-key", "at most 2 "));
    assertEquals("missed", outcome("getppid", "lodger-process", "at most 2 ").verdict());
    assertEquals(
        new Outcome("micro", "getppid", "lodger-process", "at most 4,000 ns", "4,100", "missed"),
        outcome("getppid", "lodger-process", "at most 4,000"));
  }

  @Test
  void aPartOfNative() {
    row("disk", "seq-read", Unit.MB_PER_S, 1000, 800, 950);
    assertEquals("0.95", outcome("seq-read", "lodger-key", "at least 0.9 of").measured());
    assertEquals("met", outcome("seq-read", "lodger-key", "at least").verdict());
    assertEquals("missed", outcome("seq-read", "lodger-process", "at least").verdict());
  }

  @Test
  void theMeanOfAGroup() {
    row("compute", "a", Unit.MS, 100, 100, 50);
    row("compute", "b", Unit.MS, 100, 100, 200);
    row("compute", Results.VALIDATOR, Unit.NS, 1, 1, 1);
    assertEquals("1", outcome("all rows", "lodger-key", "at least 0.99").measured());
  }

  @Test
  void aRowThatIsMissing() {
    row("micro", "getppid", Unit.NS, 100, 4100, 150);
    assertEquals("not measured", outcome("fresh-page", "lodger-key", "at most").verdict());
  }

  @Test
  void aheadInEveryRow() {
    row("micro", "getppid", Unit.NS, 100, 4100, 150);
    results.add("micro", "uml", "getppid", Unit.NS, 1000);
    assertEquals(
        new Outcome("all", "every row", "lodger-key", "ahead of uml", "1 of 1 rows", "met"),
        outcome("every row", "lodger-key", "ahead of uml"));
    assertEquals(
        "0 of 1 rows, not in getppid (4.1 of it)",
        outcome("every row", "lodger-process", "ahead of uml").measured());
  }
}
