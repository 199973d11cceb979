// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Summary;
import org.lodger.bench.system.Site;
import org.lodger.bench.system.SystemUnderTest;
import org.lodger.bench.system.Systems;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import sun.misc.Signal;

/** {@code lodger bench}. */
@Command(
    name = "lodger bench",
    description =
        "Measure what systems cost on this host, side by side: native, Lodger, User-mode Linux,"
            + " a container, QEMU.",
    subcommands = {CompareCommand.class, GuardCommand.class, GrowthCommand.class},
    footer =
        "%nCtrl-C ends it and keeps what is finished. The exit status is 0 if something was"
            + " measured.")
public final class BenchCommand implements Callable<Integer> {
  private static final Duration QUICK = Duration.ofSeconds(160);
  private static final int QUICK_ROUNDS = 2;
  private static final int ROUNDS = 6;

  @Option(names = "--quick", description = "Less of everything, in under three minutes.")
  private boolean quick;

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "GROUP",
      description = "Of micro, compute, disk, net, boot, apps.")
  private List<String> only = List.of();

  @Option(
      names = "--systems",
      split = ",",
      paramLabel = "SYSTEM",
      description =
          "Of native, lodger, uml, container, qemu-kvm, qemu-tcg; control is native once more, as"
              + " a check.")
  private List<String> systems = List.of();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "How often all is measured (default: 6, quick: 2; a third of it for qemu-tcg).")
  private int rounds;

  @Option(
      names = "--cpu",
      paramLabel = "N",
      description = "The processor that runs the programs (default: the last).")
  private int cpu = Runtime.getRuntime().availableProcessors() - 1;

  @Mixin private Outputs outputs;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  private boolean help;

  @Override
  public Integer call() {
    List<Group> groups = groups();
    Systems.check(systems);
    if (rounds < 0 || cpu < 0 || cpu >= Runtime.getRuntime().availableProcessors()) {
      throw new Refusal(
          rounds < 0
              ? "--rounds " + rounds + " is no number of rounds"
              : "--cpu " + cpu + ": there is no such processor here");
    }
    int times = rounds != 0 ? rounds : quick ? QUICK_ROUNDS : ROUNDS;
    outputs.check();

    Progress progress = new Progress(System.err, System.console() != null);
    Site site = new Site(home(), work(), cpu);
    Preparation preparation = new Preparation(site, progress);
    preparation.lock();
    Results results = new Results();
    results.programs = preparation.prepare();
    results.started = LocalDateTime.now().truncatedTo(ChronoUnit.SECONDS).toString();
    results.quick = quick;
    results.rounds = times;
    results.cpu = cpu;
    results.memory = Site.MEMORY_TEXT;
    HostFacts facts = new HostFacts(Path.of("/"));
    results.host = facts.all();
    facts.warning().ifPresent(progress::say);

    Lab lab = new Lab(results, progress);
    Signal.handle(new Signal("INT"), signal -> lab.stop());
    List<SystemUnderTest> present =
        Lab.present(new Systems(site).select(systems), results, progress);
    Duration allowed = quick && rounds == 0 ? QUICK : Duration.ofDays(1);
    lab.carryOut(Step.plan(times, groups, present, quick), times, allowed);
    progress.done();
    if (results.rows.isEmpty()) {
      throw new Refusal("nothing was measured" + (results.interrupted ? " yet" : ""));
    }
    outputs.write(new Summary(results));
    return 0;
  }

  private List<Group> groups() {
    List<Group> groups = new ArrayList<>();
    for (String name : only) {
      groups.add(
          Group.INSIDE.stream()
              .filter(group -> group.toString().equals(name))
              .findFirst()
              .orElseThrow(
                  () ->
                      new Refusal(
                          "no group "
                              + name
                              + "; there are "
                              + Group.INSIDE.toString().replaceAll("[\\[\\]]", ""))));
    }
    return groups.isEmpty() ? Group.INSIDE : groups;
  }

  static Path home() {
    String home = System.getenv("LODGER_HOME");
    if (home == null) {
      throw new Refusal("LODGER_HOME is not set; start this as ./lodger bench");
    }
    return Path.of(home);
  }

  static Path work() {
    String cache = System.getenv("XDG_CACHE_HOME");
    Path base =
        cache == null || cache.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(cache);
    return base.resolve("lodger/lab");
  }
}
