// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Unit;
import org.lodger.bench.system.Job;
import org.lodger.bench.system.SystemUnderTest;

/** Carries out a plan, and keeps what comes of it. */
final class Lab {
  /** After so many failures in a row a group is not tried again in that system. */
  private static final int PATIENCE = 2;

  private static final Duration TRIAL = Duration.ofSeconds(60);

  private final Results results;
  private final Progress progress;
  private final Map<String, Integer> failures = new HashMap<>();
  private volatile boolean stopped;
  private volatile Thread worker;

  Lab(Results results, Progress progress) {
    this.results = results;
    this.progress = progress;
  }

  /** What is finished stays; the run of the moment is dropped. */
  void stop() {
    stopped = true;
    Thread running = worker;
    if (running != null) {
      running.interrupt();
    }
  }

  /** Runs of the first round are done, whatever they take; others only if the time allows. */
  void carryOut(List<Step> plan, int rounds, Duration allowed) {
    worker = Thread.currentThread();
    long start = System.nanoTime();
    for (int i = 0; i < plan.size() && !stopped; i++) {
      Step step = plan.get(i);
      Duration rest = allowed.minusNanos(System.nanoTime() - start);
      boolean inTime = step.round() == 1 || progress.expected(step).compareTo(rest) < 0;
      if (inTime && failures.getOrDefault(key(step), 0) < PATIENCE) {
        Duration left = left(plan.subList(i, plan.size()));
        progress.show(step, rounds, step.round() > 1 && left.compareTo(rest) > 0 ? rest : left);
        measure(step);
      }
    }
    results.interrupted = stopped;
    worker = null;
  }

  private Duration left(List<Step> plan) {
    return plan.stream().map(progress::expected).reduce(Duration.ZERO, Duration::plus);
  }

  private static String key(Step step) {
    return step.system().name() + " " + step.group();
  }

  private void measure(Step step) {
    long start = System.nanoTime();
    // A run that was disturbed is worth a second one; two are no accident.
    for (int attempt = 0; attempt < PATIENCE && !stopped; attempt++) {
      Optional<String> failure = attempt(step);
      if (stopped || failure.isEmpty()) {
        failures.remove(key(step));
        break;
      }
      failures.merge(key(step), 1, Integer::sum);
      results.rejections.add(
          new Results.Rejection(
              step.group().toString(), step.system().name(), step.round(), failure.get()));
      progress.say(
          String.format(
              "rejected: %s in %s, round %d: %s",
              step.group(), step.system().name(), step.round(), failure.get()));
    }
    progress.saw(step, Duration.ofNanos(System.nanoTime() - start));
  }

  private Optional<String> attempt(Step step) {
    try {
      return step.group() == Group.BOOT ? boot(step) : programs(step);
    } catch (InterruptedException e) {
      return Optional.of("interrupted");
    } catch (Refusal e) {
      return Optional.of(e.getMessage());
    }
  }

  private Run run(Step step, Job job) throws InterruptedException {
    return Run.of(step.system().command(job), job.work().equals("idle"), step.limit());
  }

  private Optional<String> programs(Step step) throws InterruptedException {
    Run run = run(step, new Job(step.group().toString(), step.quick(), 0));
    Optional<String> failure = run.failure();
    if (failure.isEmpty() && run.transcript().rows().isEmpty()) {
      failure = Optional.of("measured nothing");
    }
    if (failure.isEmpty() && !stopped) {
      run.transcript().rows().forEach((name, value) -> add(step, name, value));
      run.transcript()
          .validator()
          .ifPresent(ns -> add(step, Results.VALIDATOR, new Transcript.Value(Unit.NS, ns)));
      cost(step, run);
    }
    return failure;
  }

  private void add(Step step, String name, Transcript.Value value) {
    results.add(step.group().toString(), step.system().name(), name, value.unit(), value.number());
  }

  private void cost(Step step, Run run) {
    results.costs.add(
        new Results.Cost(
            step.group().toString(),
            step.system().name(),
            run.cpuSeconds(),
            run.companySeconds(),
            run.wallSeconds()));
  }

  private Optional<String> boot(Step step) throws InterruptedException {
    Run start = run(step, new Job("boot", step.quick(), 0));
    Optional<String> failure = bootFailure(start);
    if (failure.isPresent()) {
      return failure;
    }
    Run idle = run(step, new Job("idle", step.quick(), step.quick() ? 1 : 5));
    failure = bootFailure(idle);
    Optional<List<String>> oneCommand = step.system().command(List.of());
    double oneCommandMs = Double.NaN;
    if (failure.isEmpty() && oneCommand.isPresent()) {
      List<String> line = new ArrayList<>(oneCommand.get());
      line.add("true");
      Run command = Run.of(line, false, step.limit());
      oneCommandMs = command.endMs();
      failure = command.exitFailure();
    }
    if (failure.isEmpty() && !stopped) {
      if (oneCommand.isPresent()) {
        add(step, "one-command", new Transcript.Value(Unit.MS, oneCommandMs));
        add(step, "launcher-memory", new Transcript.Value(Unit.MIB, idle.launcherMib()));
      }
      idle.transcript().rows().forEach((name, value) -> add(step, name, value));
      add(step, "start-to-init", new Transcript.Value(Unit.MS, start.initMs()));
      add(step, "start-to-end", new Transcript.Value(Unit.MS, start.endMs()));
      add(step, "idle-memory", new Transcript.Value(Unit.MIB, idle.idleMib()));
      add(
          step,
          "idle-cpu",
          new Transcript.Value(Unit.PERCENT, 100 * idle.cpuSeconds() / idle.wallSeconds()));
      cost(step, idle);
    }
    return failure;
  }

  private static Optional<String> bootFailure(Run run) {
    return run.failure().isEmpty() && Double.isNaN(run.initMs())
        ? Optional.of("never came to its init")
        : run.failure();
  }

  /** A system that does not come to its end by itself would be waited for in every run. */
  private static Optional<String> trial(SystemUnderTest system) {
    try {
      return bootFailure(Run.of(system.command(new Job("boot", true, 0)), false, TRIAL))
          .map(reason -> "a trial start failed: " + reason);
    } catch (InterruptedException e) {
      return Optional.of("interrupted");
    }
  }

  /** Which systems take part here; says why others do not. */
  static List<SystemUnderTest> present(
      List<SystemUnderTest> wanted, Results results, Progress progress) {
    List<SystemUnderTest> present = new ArrayList<>();
    for (SystemUnderTest system : wanted) {
      Optional<String> whyNot = system.whyNot().or(() -> trial(system));
      results.systems.add(
          new Results.Column(
              system.name(),
              system.description(),
              whyNot.isPresent() ? "" : system.version(),
              system.runsNatively(),
              whyNot.orElse(null)));
      if (whyNot.isPresent()) {
        progress.say(String.format(Locale.ROOT, "without %s: %s", system.name(), whyNot.get()));
      } else {
        present.add(system);
      }
    }
    return present;
  }
}
