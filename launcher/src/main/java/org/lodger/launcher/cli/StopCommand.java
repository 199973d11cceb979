// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import org.lodger.launcher.UsageException;
import org.lodger.launcher.control.ControlClient;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "stop",
    description = "Ask a guest to power off, and end it if it does not.",
    footer = "%nA guest that runs one command has the command end by SIGTERM instead.")
final class StopCommand extends GuestCommand {
  private static final int CONFLICT = 409;
  private static final int DEAD_SECONDS = 10;
  private static final int SECONDS_MAX = 3600;

  @Option(
      names = {"-t", "--timeout"},
      paramLabel = "SECONDS",
      defaultValue = "30",
      description = "How long to wait before ending it (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Override
  public Integer call() {
    if (seconds < 0 || seconds > SECONDS_MAX) {
      throw new UsageException("--timeout must be 0 to " + SECONDS_MAX + " seconds");
    }
    try (ControlClient client = connect()) {
      ControlClient.Answer answer = client.call("POST", "/v1/power-button", null);
      if (answer.status() == CONFLICT) {
        client.call("POST", "/v1/resume", null);
        answer = client.call("POST", "/v1/power-button", null);
      }
      if (answer.ok() && client.awaitEnd(seconds)) {
        return 0;
      }
      System.err.println("lodger: guest " + name + " does not power off, so it is ended");
      client.must("POST", "/v1/kill");
      return client.awaitEnd(DEAD_SECONDS) ? 0 : 1;
    }
  }
}
