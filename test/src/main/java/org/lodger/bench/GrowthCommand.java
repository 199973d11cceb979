// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import org.lodger.bench.growth.Curves;
import org.lodger.bench.result.Growth;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Summary;
import org.lodger.bench.system.Site;
import org.lodger.bench.system.SystemUnderTest;
import org.lodger.bench.system.Systems;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code lodger bench growth}. */
@Command(
    name = "growth",
    description =
        "Measure how cost grows with guests, processes and memory, in about eight minutes.")
final class GrowthCommand implements Callable<Integer> {
  @Option(
      names = "--most-guests",
      paramLabel = "N",
      defaultValue = "64",
      description = "How many busy guests there are in the end (default: ${DEFAULT-VALUE}).")
  private int mostGuests;

  @Mixin private Outputs outputs;

  @Override
  public Integer call() throws InterruptedException {
    outputs.check();
    Progress progress = new Progress(System.err, false);
    int cpu = Runtime.getRuntime().availableProcessors() - 1;
    Site site = new Site(BenchCommand.home(), BenchCommand.work(), cpu);
    Preparation preparation = new Preparation(site, progress);
    preparation.lock();
    Results results = new Results();
    results.programs = preparation.prepare();
    results.started = LocalDateTime.now().truncatedTo(ChronoUnit.SECONDS).toString();
    results.rounds = Curves.TIMES;
    results.cpu = cpu;
    results.memory = Site.MEMORY_TEXT;
    HostFacts facts = new HostFacts(Path.of("/"));
    results.host = facts.all();
    facts.warning().ifPresent(progress::say);

    Curves curves = new Curves(results, facts.mebibytes("MemAvailable:"), progress::say);
    List<SystemUnderTest> systems =
        Lab.present(new Systems(site).select(List.of("lodger")), results, progress).stream()
            .filter(system -> system.takesPartIn(Group.GROWTH))
            .toList();
    for (SystemUnderTest system : systems) {
      curves.processes(system);
    }
    for (SystemUnderTest system : systems) {
      if (system.command(List.of()).isPresent()) {
        curves.memory(system);
      }
      curves.busyGuests(system, mostGuests);
    }
    Summary summary = new Summary(results);
    outputs.write(summary);
    Growth.verdicts(summary).forEach(System.out::println);
    return 0;
  }
}
