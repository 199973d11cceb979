// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.system;

import java.util.List;
import java.util.Optional;

/** Operating-system-level virtualization: bubblewrap with all namespaces. */
final class Container implements SystemUnderTest {
  private final Site site;

  Container(Site site) {
    this.site = site;
  }

  @Override
  public String name() {
    return "container";
  }

  @Override
  public String description() {
    return "bubblewrap, every namespace unshared; the host's kernel";
  }

  @Override
  public String version() {
    return Tools.call(List.of("bwrap", "--version")).firstLine();
  }

  @Override
  public Optional<String> whyNot() {
    Optional<String> missing = Site.missing("bwrap", "bubblewrap");
    if (missing.isPresent()) {
      return missing;
    }
    Tools.Output output = Tools.call(line("/bin/true"));
    return output.status() == 0 ? Optional.empty() : Optional.of(output.firstLine());
  }

  @Override
  public boolean runsNatively() {
    return true;
  }

  @Override
  public List<String> command(Job job) {
    return site.onHost(job, line("/bench/job"));
  }

  private List<String> line(String program) {
    return List.of(
        "bwrap",
        "--unshare-all",
        "--die-with-parent",
        "--ro-bind",
        site.tree().toString(),
        "/",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--tmpfs",
        "/tmp",
        "--bind",
        site.data().toString(),
        "/mnt/data",
        program);
  }
}
