// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** What is measured together, in one start of a system. */
public enum Group {
  MICRO("What the system itself costs: calls, faults, processes, messages. Ratios to native.", 3),
  COMPUTE("Programs that compute: no system is on their path unless it translates them.", 3),
  DISK(
      "fio, 256 MiB, one request at a time or 32. Guests open their disk with O_DIRECT, and the host"
          + " caches its file; native and container access that file through the same cache, which"
          + " nobody empties.",
      20),
  NET("Over the system's own loopback: its network stack, not a network card.", 3),
  BOOT(
      "Seen from outside, by one clock: from the start of the first process to the first line that"
          + " init writes, and to the end of the last process; then a guest that only sleeps.",
      4),
  APPS("What people do: compile C, fill a database, commit to git, compress, start programs.", 4),
  GROWTH(
      "From one guest to many on one processor, each of which starts 100 short programs; from one"
          + " process to many, created, run once in turn, ended; and from little memory to much,"
          + " which the guest does not use.",
      60);

  /** Those that are measured in rounds, beside each other; the last is lodger bench growth's. */
  static final List<Group> INSIDE = List.of(MICRO, COMPUTE, DISK, NET, BOOT, APPS);

  private final String explanation;
  private final int seconds;

  Group(String explanation, int seconds) {
    this.explanation = explanation;
    this.seconds = seconds;
  }

  public String explanation() {
    return explanation;
  }

  /** A guess of how long a native run takes, until one has been seen. */
  Duration usual() {
    return Duration.ofSeconds(seconds);
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
