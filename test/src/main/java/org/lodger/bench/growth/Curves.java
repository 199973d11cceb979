// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.growth;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.lodger.bench.Group;
import org.lodger.bench.Refusal;
import org.lodger.bench.Run;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Unit;
import org.lodger.bench.system.Job;
import org.lodger.bench.system.SystemUnderTest;

/** Measures the curves, point by point. */
public final class Curves {
  private static final String GROUP = Group.GROWTH.toString();
  public static final int TIMES = 3;
  private static final Duration LIMIT = Duration.ofSeconds(120);

  /** Of the host's, for a guest that starts short programs; twice what it takes. */
  private static final int GUEST_MIB = 200;

  private static final List<Integer> RAM_MIB = List.of(64, 256, 1024, 4096, 16384);

  /** A boot as {@link Run} understands it, and a second in which to look at the guest. */
  private static final String BOOT =
      "echo BENCH init; echo BENCH begin; sleep 1; echo BENCH end 0; sleep 0.3";

  private final Results results;
  private final long availableMib;
  private final Consumer<String> say;

  public Curves(Results results, long availableMib, Consumer<String> say) {
    this.results = results;
    this.availableMib = availableMib;
    this.say = say;
  }

  private void add(SystemUnderTest system, String series, long size, Unit unit, double value) {
    results.add(GROUP, system.name(), series + "@" + size, unit, value);
  }

  private Run run(List<String> command, boolean idle) throws InterruptedException {
    Run run = Run.of(command, idle, LIMIT);
    run.failure()
        .ifPresent(
            failure -> {
              throw new Refusal(String.join(" ", command) + ": " + failure);
            });
    return run;
  }

  /** In one guest: created, each run in turn, ended. */
  public void processes(SystemUnderTest system) throws InterruptedException {
    say.accept("1 to 1,000 processes in " + system.name());
    for (int i = 0; i < TIMES; i++) {
      run(system.command(new Job("processes", false, 0)), false)
          .transcript()
          .rows()
          .forEach((row, v) -> results.add(GROUP, system.name(), row, v.unit(), v.number()));
    }
  }

  /** Guests with more and more memory, which do not use it. */
  public void memory(SystemUnderTest system) throws InterruptedException {
    for (int mib : RAM_MIB) {
      say.accept("a guest with " + mib + " MiB in " + system.name());
      for (int i = 0; i < TIMES; i++) {
        Run run = run(guest(system, mib, "sh", "-c", BOOT), true);
        add(system, "ram-boot", mib, Unit.MS, run.initMs());
        add(system, "ram-touched", mib, Unit.MIB, run.sharedMib());
        add(system, "ram-resident", mib, Unit.MIB, run.idleMib());
      }
    }
  }

  /** All on one processor: their time together is the sum of theirs, or more. */
  public void busyGuests(SystemUnderTest system, int wanted) throws InterruptedException {
    int most = (int) Math.min(wanted, availableMib / GUEST_MIB);
    if (most < wanted) {
      say.accept("no more than " + most + " busy guests: the host has no memory for more");
    }
    try (BusyGuests guests = new BusyGuests(guest(system, 64))) {
      for (int n = 1; n <= most; n *= 2) {
        say.accept(n + " busy guests in " + system.name());
        guests.growTo(n);
        add(system, "busy-guests-memory", n, Unit.MIB, guests.memoryMib());
        for (int i = 0; i < TIMES; i++) {
          add(system, "busy-guests-time", n, Unit.S, guests.work());
        }
      }
    }
  }

  private static List<String> guest(SystemUnderTest system, int mib, String... words) {
    List<String> line = new ArrayList<>(system.worker(mib).orElseThrow());
    line.addAll(List.of(words));
    return line;
  }
}
