// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import picocli.CommandLine.Command;

@Command(name = "kill", description = "End a guest at once, as pulling its plug would.")
final class KillCommand extends GuestCommand {
  @Override
  public Integer call() {
    return post("/v1/kill");
  }
}
