// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.control.ControlClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "disk",
    description = "Add and remove disks of a guest that runs.",
    subcommands = {DiskCommand.Add.class, DiskCommand.Remove.class},
    synopsisSubcommandLabel = "add|remove")
final class DiskCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new UsageException("say whether to add or to remove; see lodger disk --help");
  }

  @Command(name = "add", description = "Add a disk, and print what the guest most likely calls it.")
  static final class Add extends GuestCommand {
    @Parameters(
        paramLabel = "FILE[,ro][,serial=S][,cache=MODE]",
        description = "As with run --disk.")
    private String disk;

    @Override
    public Integer call() {
      DiskOption option = DiskOption.parse(disk);
      Map<String, Object> body =
          Map.of(
              "file", option.file().toAbsolutePath().toString(),
              "readOnly", option.readOnly(),
              "serial", option.serial(),
              "cache", option.cache().name().toLowerCase(Locale.ROOT));
      return add("/v1/disks", body);
    }
  }

  @Command(
      name = "remove",
      description = "Remove a disk, after the guest has written back what it holds for it.",
      footer =
          "%nUnmount it first: a file system that is still mounted gets errors from then on, as"
              + " when a cable is pulled.")
  static final class Remove extends GuestCommand {
    @Parameters(paramLabel = "DISK", description = "Such as vdb.")
    private String disk;

    @Option(
        names = {"-t", "--timeout"},
        paramLabel = "SECONDS",
        defaultValue = "10",
        description = "How long the guest may take (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Override
    public Integer call() {
      try (ControlClient client = connect()) {
        client.must("DELETE", "/v1/disks/" + disk + "?timeoutSeconds=" + seconds);
        return 0;
      }
    }
  }
}
