// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.system;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The host itself: a chroot into the root, with file systems of its own. */
final class Native implements SystemUnderTest {
  private final Site site;
  private final String name;

  Native(Site site, String name) {
    this.site = site;
    this.name = name;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String description() {
    return name.equals("native")
        ? "the host itself: the programs in a chroot"
        : "native once more, to see how far apart two runs of the same thing come out";
  }

  @Override
  public String version() {
    return "Linux " + System.getProperty("os.version");
  }

  @Override
  public Optional<String> whyNot() {
    Tools.Output output = Tools.call(line("true"));
    return output.status() == 0
        ? Optional.empty()
        : Optional.of("a chroot needs root or user namespaces: " + output.firstLine());
  }

  @Override
  public boolean runsNatively() {
    return true;
  }

  @Override
  public List<String> command(Job job) {
    return site.onHost(job, line("/bench/job"));
  }

  @Override
  public Optional<List<String>> worker(int mib) {
    return Optional.of(site.pinned(line()));
  }

  private List<String> line(String... command) {
    List<String> line = new ArrayList<>(List.of("unshare", "--mount"));
    if (!"root".equals(System.getProperty("user.name"))) {
      line.addAll(List.of("--user", "--map-root-user"));
    }
    Path enter = site.home().resolve("test/bench/enter");
    line.addAll(List.of(enter.toString(), site.tree().toString(), site.data().toString()));
    line.addAll(List.of(command));
    return line;
  }
}
