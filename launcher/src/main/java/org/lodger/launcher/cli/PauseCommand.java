// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import picocli.CommandLine.Command;

@Command(
    name = "pause",
    description = "Stop a guest where it is; it uses no processor until it is resumed.")
final class PauseCommand extends GuestCommand {
  @Override
  public Integer call() {
    return post("/v1/pause");
  }
}
