// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.system;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lodger.bench.Group;

/** Lodger with one of its kinds of isolation. */
final class Lodger implements SystemUnderTest {
  private static final String NO_REWRITE = "--no-rewrite";

  private final Site site;
  private final String isolation;
  private final boolean rewrites;
  private final String help;

  /** {@code help} is what {@code lodger run --help} says: which kinds there are. */
  Lodger(Site site, String isolation, boolean rewrites, String help) {
    this.site = site;
    this.isolation = isolation;
    this.rewrites = rewrites;
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
    return "lodger-" + isolation + (rewrites ? "" : NO_REWRITE.substring(1));
  }

  @Override
  public String description() {
    return "Lodger, "
        + isolation
        + " isolation"
        + (rewrites ? "" : ", programs' code left as it is")
        + "; a patched guest kernel";
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
    if (!rewrites && !help.contains(NO_REWRITE)) {
      return Optional.of("this version of Lodger rewrites no call sites");
    }
    List<String> line = run(List.of("--", "true"));
    Tools.Output output = Tools.call(line);
    return output.status() == 0 ? Optional.empty() : Optional.of(output.firstLine());
  }

  /**
   * {@code lodger run} of this kind, pinned, without a network, and then with what else is said.
   */
  private List<String> run(List<String> options) {
    List<String> line = new ArrayList<>(List.of(program(site), "run"));
    if (help.contains("--isolation")) {
      line.addAll(List.of("--isolation", isolation));
    }
    if (!rewrites) {
      line.add(NO_REWRITE);
    }
    if (help.contains("--net")) {
      line.addAll(List.of("--net", "none")); // no system under test has a card
    }
    line.addAll(List.of("--cpu", Integer.toString(site.cpu())));
    line.addAll(options);
    return line;
  }

  @Override
  public Optional<List<String>> command(List<String> options) {
    List<String> line = run(options);
    line.add("--");
    return Optional.of(line);
  }

  /** Without rewritten call sites it differs in what the rows of micro show. */
  @Override
  public boolean takesPartIn(Group group) {
    return rewrites || group == Group.MICRO;
  }

  @Override
  public boolean runsNatively() {
    return true;
  }

  @Override
  public List<String> command(Job job) {
    return run(
        List.of(
            "--mem",
            Site.MEMORY,
            "--disk",
            site.image() + ",ro",
            "--disk",
            site.data().toString(),
            "--append",
            "quiet init=/bench/init " + String.join(" ", job.kernelArguments("/dev/vdb"))));
  }
}
