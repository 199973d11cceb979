// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

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

  @Option(
      names = {"-t", "--timeout"},
      paramLabel = "SECONDS",
      defaultValue = "30",
      description = "How long to wait before ending it (default: ${DEFAULT-VALUE}).")
  private int seconds;

  @Override
  public Integer call() {
    try (ControlClient client = connect()) {
      ControlClient.Answer answer = client.call("POST", "/v1/power-button", null);
      if (answer.status() == CONFLICT) {
        client.call("POST", "/v1/resume", null);
        answer = client.call("POST", "/v1/power-button", null);
      }
      if (answer.ok() && hasEnded(client, seconds)) {
        return 0;
      }
      System.err.println("lodger: guest " + name + " does not power off, so it is ended");
      client.must("POST", "/v1/kill");
      hasEnded(client, DEAD_SECONDS);
      return 0;
    }
  }

  private static boolean hasEnded(ControlClient client, int seconds) {
    return !client.must("GET", "/v1/end?timeoutSeconds=" + seconds).isEmpty();
  }
}
