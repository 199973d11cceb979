// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.control.ControlClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "net",
    description = "Add and remove network cards of a guest that runs.",
    subcommands = {NetCommand.Add.class, NetCommand.Remove.class},
    synopsisSubcommandLabel = "add|remove")
final class NetCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    throw new UsageException("say whether to add or to remove; see lodger net --help");
  }

  @Command(name = "add", description = "Add a card, and print what the guest most likely calls it.")
  static final class Add extends GuestCommand {
    @Parameters(paramLabel = "NET", description = "As with run --net.")
    private String net;

    @Override
    public Integer call() {
      return add("/v1/networks", Map.of("net", net));
    }
  }

  @Command(name = "remove", description = "Remove a card.")
  static final class Remove extends GuestCommand {
    @Parameters(paramLabel = "CARD", description = "Such as eth1.")
    private String card;

    @Override
    public Integer call() {
      try (ControlClient client = connect()) {
        client.must("DELETE", "/v1/networks/" + card);
        return 0;
      }
    }
  }
}
