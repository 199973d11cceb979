// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Unit;
import org.lodger.bench.result.Validator;

/**
 * Reads what a system prints: "BENCH init", "BENCH begin", "ROW name unit value", "BENCH end
 * status", between whatever kernels and programs say besides.
 */
public final class Transcript {
  private static final Pattern ROW =
      Pattern.compile("ROW ([A-Za-z0-9_.@-]+) (\\S+) ([0-9.]+(?:e[+-]?\\d+)?)");
  private static final Pattern END = Pattern.compile("BENCH end (\\d+)");
  private static final int KEPT = 5;

  /** A row: what it is measured in, and how much. */
  public record Value(Unit unit, double number) {}

  enum Mark {
    INIT,
    BEGIN,
    END,
    NONE
  }

  private final Map<String, Value> rows = new LinkedHashMap<>();
  private final List<Double> validators = new ArrayList<>();
  private final List<String> rest = new ArrayList<>();
  private int status = -1;
  private String broken;

  /** Takes one line, without its end; tells which mark it was. */
  Mark accept(String text) {
    String line = text.strip();
    Matcher end = END.matcher(line);
    if (line.equals("BENCH init")) {
      return Mark.INIT;
    } else if (line.equals("BENCH begin")) {
      return Mark.BEGIN;
    } else if (end.matches()) {
      status = Integer.parseInt(end.group(1));
      return Mark.END;
    } else if (line.startsWith("ROW ")) {
      row(line);
    } else if (!line.isEmpty() && status < 0) {
      rest.add(line);
      if (rest.size() > KEPT) {
        rest.remove(0);
      }
    }
    return Mark.NONE;
  }

  private void row(String line) {
    Matcher matcher = ROW.matcher(line);
    Optional<Unit> unit = matcher.matches() ? Unit.of(matcher.group(2)) : Optional.empty();
    double number = unit.isPresent() ? number(matcher.group(3)) : Double.NaN;
    if (!(number > 0) || Double.isInfinite(number)) {
      broken = "said: " + line;
    } else if (matcher.group(1).equals(Results.VALIDATOR)) {
      validators.add(number);
    } else if (rows.put(matcher.group(1), new Value(unit.get(), number)) != null) {
      broken = "measured " + matcher.group(1) + " twice";
    }
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  public Map<String, Value> rows() {
    return rows;
  }

  /** What pure computing took, the best of begin and end; empty without a reading. */
  Optional<Double> validator() {
    return validators.stream().min(Double::compare);
  }

  /** Why these values are no good; empty if they are. */
  Optional<String> failure() {
    if (status != 0) {
      String last = rest.isEmpty() ? "" : "; it last said: " + rest.get(rest.size() - 1);
      return Optional.of(
          (status < 0 ? "ended before its time" : "a program ended with status " + status) + last);
    }
    if (broken != null) {
      return Optional.of(broken);
    }
    return Validator.drift(validators);
  }
}
