// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import org.lodger.launcher.control.ControlClient;
import picocli.CommandLine.Command;

@Command(name = "kill", description = "End a guest at once, as pulling its plug would.")
final class KillCommand extends GuestCommand {
  private static final int PATIENCE_SECONDS = 10;

  @Override
  public Integer call() {
    try (ControlClient client = connect()) {
      client.must("POST", "/v1/kill");
      return client.awaitEnd(PATIENCE_SECONDS) ? 0 : 1;
    }
  }
}
