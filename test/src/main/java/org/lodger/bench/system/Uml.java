// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.system;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Debian's User-mode Linux, in its usual ptrace mode. */
final class Uml implements SystemUnderTest {
  private final Site site;

  Uml(Site site) {
    this.site = site;
  }

  @Override
  public String name() {
    return "uml";
  }

  @Override
  public String description() {
    return "User-mode Linux of Debian, ptrace mode"
        + (needsHelp() ? "; with test/bench/uml-xstate.c, without which it fails on AMX" : "");
  }

  @Override
  public String version() {
    return "Linux " + Tools.call(List.of("linux.uml", "--version")).firstLine();
  }

  @Override
  public Optional<String> whyNot() {
    Optional<String> missing = Site.missing("linux.uml", "user-mode-linux");
    return missing.isPresent() || !needsHelp() ? missing : help();
  }

  @Override
  public boolean runsNatively() {
    return true;
  }

  private static boolean needsHelp() {
    return Site.hasCpuFlag("amx_tile");
  }

  private Path library() {
    return site.work().resolve("uml-xstate.so");
  }

  private Optional<String> help() {
    if (Files.exists(library())) {
      return Optional.empty();
    }
    String source = site.home().resolve("test/bench/uml-xstate.c").toString();
    Tools.Output output =
        Tools.call(List.of("gcc", "-O2", "-shared", "-fPIC", "-o", library().toString(), source));
    return output.status() == 0 ? Optional.empty() : Optional.of(output.firstLine());
  }

  @Override
  public List<String> command(Job job) {
    List<String> line = new ArrayList<>();
    if (needsHelp()) {
      line.addAll(List.of("env", "LD_PRELOAD=" + library()));
    }
    line.addAll(
        List.of(
            "linux.uml",
            "mem=" + Site.MEMORY,
            "ubd0r=" + site.image(),
            "ubd1=" + site.data(),
            "root=/dev/ubda",
            "ro",
            "con=null",
            "con0=null,fd:1",
            "quiet",
            "init=/bench/init"));
    line.addAll(job.kernelArguments("/dev/ubdb"));
    return site.pinned(line);
  }
}
