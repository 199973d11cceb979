// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.system;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Lodger with one of its kinds of isolation. */
final class Lodger implements SystemUnderTest {
  private final Site site;
  private final String isolation;
  private final String help;

  /** {@code help} is what {@code lodger run --help} says: which kinds there are. */
  Lodger(Site site, String isolation, String help) {
    this.site = site;
    this.isolation = isolation;
    this.help = help;
  }

  static String help(Site site) {
    return Tools.call(List.of(program(site), "run", "--help")).text();
  }

  private static String program(Site site) {
    return site.home().resolve("lodger").toString();
  }

  @Override
  public String name() {
    return "lodger-" + isolation;
  }

  @Override
  public String description() {
    return "Lodger, " + isolation + " isolation; a patched guest kernel";
  }

  @Override
  public String version() {
    return "Linux "
        + Tools.call(List.of(program(site), "run", "--", "uname", "-r"))
            .text()
            .lines()
            .reduce("", (first, last) -> last)
            .strip();
  }

  @Override
  public Optional<String> whyNot() {
    if (!isolation.equals("process") && !help.contains("--isolation")) {
      return Optional.of("this version of Lodger has only process isolation");
    }
    List<String> line = new ArrayList<>(List.of(program(site), "run"));
    line.addAll(kind());
    line.addAll(List.of("--", "true"));
    Tools.Output output = Tools.call(line);
    return output.status() == 0 ? Optional.empty() : Optional.of(output.firstLine());
  }

  private List<String> kind() {
    return help.contains("--isolation") ? List.of("--isolation", isolation) : List.of();
  }

  @Override
  public boolean runsNatively() {
    return true;
  }

  @Override
  public List<String> command(Job job) {
    List<String> line = new ArrayList<>(List.of(program(site), "run"));
    line.addAll(kind());
    if (help.contains("--net")) {
      line.addAll(List.of("--net", "none")); // no system under test has a card
    }
    line.addAll(
        List.of(
            "--mem",
            Site.MEMORY,
            "--cpu",
            Integer.toString(site.cpu()),
            "--disk",
            site.image() + ",ro",
            "--disk",
            site.data().toString(),
            "--append",
            "quiet init=/bench/init " + String.join(" ", job.kernelArguments("/dev/vdb"))));
    return line;
  }
}
