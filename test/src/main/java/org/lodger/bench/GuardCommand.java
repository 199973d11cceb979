// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.lodger.bench.result.ResultFile;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Unit;
import org.lodger.bench.system.Job;
import org.lodger.bench.system.Site;
import org.lodger.bench.system.SystemUnderTest;
import org.lodger.bench.system.Systems;
import picocli.CommandLine.Command;

/** {@code lodger bench guard}. */
@Command(
    name = "guard",
    description =
        "Check, in a minute, that no key row has become twice as slow as docs/overhead has it.",
    footer = "%nThe exit status is 1 if one has.")
final class GuardCommand implements Callable<Integer> {
  private static final int ROUNDS = 2;
  private static final int ATTEMPTS = 3;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Progress progress = new Progress(System.err, false);
  private final Results measured = new Results();

  @Override
  public Integer call() throws InterruptedException {
    Path home = BenchCommand.home();
    Site site = new Site(home, BenchCommand.work(), Runtime.getRuntime().availableProcessors() - 1);
    Preparation preparation = new Preparation(site, progress);
    preparation.lock();
    preparation.prepare();
    Results recorded = ResultFile.read(home.resolve("docs/overhead/results.json"));
    String processor = new HostFacts(Path.of("/")).all().get("processor");
    Guard guard = new Guard(recorded, processor);
    progress.say(
        String.format(
            Locale.ROOT,
            "%s; recorded on %s: a row may take %.1f times what it took there",
            processor,
            recorded.host.get("processor"),
            guard.factor()));

    List<SystemUnderTest> systems =
        Lab.present(new Systems(site).select(List.of("lodger")), measured, progress).stream()
            .filter(system -> !system.name().endsWith("-no-rewrite"))
            .toList();
    if (systems.size() < 2 || !systems.get(0).name().equals("native")) {
      throw new Refusal("nothing to compare: native and Lodger must both run here");
    }
    List<Guard.Check> checks = List.of();
    for (int attempt = 0; attempt < ATTEMPTS && (checks.isEmpty() || !good(checks)); attempt++) {
      for (int round = 0; round < ROUNDS; round++) {
        for (SystemUnderTest system : systems) {
          measure(system);
        }
      }
      checks = checks(guard, systems);
    }
    checks.forEach(GuardCommand::print);
    return good(checks) ? 0 : 1;
  }

  private void measure(SystemUnderTest system) throws InterruptedException {
    Run programs = Run.of(system.command(new Job("guard", true, 0)), false, LIMIT);
    Run boot = Run.of(system.command(new Job("boot", true, 0)), false, LIMIT);
    Optional<String> failure = programs.failure().or(boot::failure);
    if (failure.isPresent()) {
      progress.say("rejected: " + system.name() + ": " + failure.get());
      return;
    }
    programs
        .transcript()
        .rows()
        .forEach((row, value) -> add(system, row, value.unit(), value.number()));
    programs.transcript().validator().ifPresent(ns -> add(system, Results.VALIDATOR, Unit.NS, ns));
    add(system, "start-to-init", Unit.MS, boot.initMs());
  }

  private void add(SystemUnderTest system, String row, Unit unit, double value) {
    measured.add(Guard.GROUP, system.name(), row, unit, value);
  }

  private List<Guard.Check> checks(Guard guard, List<SystemUnderTest> systems) {
    List<Guard.Check> checks = new ArrayList<>();
    for (SystemUnderTest system : systems.subList(1, systems.size())) {
      checks.addAll(guard.checks(measured, system.name()));
    }
    return checks;
  }

  private static boolean good(List<Guard.Check> checks) {
    return checks.stream().allMatch(Guard.Check::good);
  }

  private static void print(Guard.Check check) {
    System.out.printf(
        Locale.ROOT,
        "%-15s %-16s %8.2f, at most %8.2f%s%n",
        check.system(),
        check.row(),
        check.ratio(),
        check.bound(),
        check.good() ? "" : "  SLOWER");
  }
}
