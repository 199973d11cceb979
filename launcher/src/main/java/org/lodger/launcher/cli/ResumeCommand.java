// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import picocli.CommandLine.Command;

@Command(name = "resume", description = "Let a paused guest go on.")
final class ResumeCommand extends GuestCommand {
  @Override
  public Integer call() {
    return post("/v1/resume");
  }
}
