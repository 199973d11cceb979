// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.io.PrintStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Says on a terminal what runs now, and how long all will take. */
final class Progress {
  private final PrintStream out;
  private final boolean live;
  private final Map<String, Duration> seen = new HashMap<>();

  /** {@code live}: one line that is written over, else a line for each step. */
  Progress(PrintStream out, boolean live) {
    this.out = out;
    this.live = live;
  }

  /** How long such a run takes: as long as the last one, or a guess. */
  Duration expected(Step step) {
    return seen.getOrDefault(key(step), step.guess());
  }

  private static String key(Step step) {
    return step.system().name() + " " + step.group();
  }

  void saw(Step step, Duration took) {
    seen.put(key(step), took);
  }

  void show(Step step, int rounds, Duration left) {
    String text =
        String.format(
            "round %d of %d: %s in %s, %s left",
            step.round(), rounds, step.group(), step.system().name(), text(left));
    if (live) {
      out.printf("\r\033[K%s", text);
    } else {
      out.println(text);
    }
    out.flush();
  }

  void say(String text) {
    out.println((live ? "\r\033[K" : "") + text);
    out.flush();
  }

  void done() {
    if (live) {
      out.print("\r\033[K");
      out.flush();
    }
  }

  static String text(Duration duration) {
    long seconds = Math.max(1, duration.toSeconds());
    return seconds < 100 ? seconds + " s" : (seconds + 30) / 60 + " min";
  }
}
