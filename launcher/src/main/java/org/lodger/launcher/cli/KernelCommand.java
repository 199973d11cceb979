// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.lodger.launcher.Programs;
import org.lodger.launcher.UsageException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "kernel",
    description = "Build guest kernels.",
    subcommands = KernelCommand.Build.class,
    synopsisSubcommandLabel = "build")
final class KernelCommand {
  private static final Set<String> FLAVOURS = Set.of("small", "full", "debug");

  /** A kernel file, or the one of ours that a flavour stands for, built if need be. */
  static Path resolve(Path kernel) {
    String name = kernel.toString();
    if (!FLAVOURS.contains(name) || Files.exists(kernel)) {
      return kernel;
    }
    return Path.of(Programs.output(List.of(script(), "--flavour", name)).strip());
  }

  private static String script() {
    String home = System.getenv("LODGER_HOME");
    if (home == null) {
      throw new UsageException("kernels are built by the script \"lodger\" of a checkout");
    }
    return home + "/guest-kernel-patches/build";
  }

  @Command(
      name = "build",
      description =
          "Patch, configure and compile a guest kernel, and print the path of its vmlinux."
              + " What has not changed since the last time is not built again.")
  static final class Build implements Callable<Integer> {
    @Option(
        names = "--flavour",
        paramLabel = "NAME",
        description =
            "full boots a current Debian (the default), small is built in half the time, debug is"
                + " full with the kernel's own checks.")
    private String flavour;

    @Option(
        names = "--source",
        paramLabel = "TREE|TAR",
        description = "Your own kernel source instead of Debian's package.")
    private String source;

    @Option(
        names = "--config",
        paramLabel = "FRAGMENT",
        description = "A file of CONFIG_ lines to add; may be given more than once.")
    private List<String> fragments = List.of();

    @Override
    public Integer call() {
      List<String> command = new ArrayList<>();
      command.add(script());
      if (flavour != null) {
        command.addAll(List.of("--flavour", flavour));
      }
      if (source != null) {
        command.addAll(List.of("--source", source));
      }
      fragments.forEach(fragment -> command.addAll(List.of("--config", fragment)));
      return Programs.status(command);
    }
  }
}
