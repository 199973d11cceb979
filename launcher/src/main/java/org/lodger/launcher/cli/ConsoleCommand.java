// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.console.EscapeKeys;
import org.lodger.launcher.console.Terminal;
import org.lodger.launcher.control.ControlClient;
import picocli.CommandLine.Command;

@Command(
    name = "console",
    description = "Attach to a guest's console. Ctrl-A x leaves it; the guest goes on.",
    footer = "%nOthers may be attached, too: all see the same, and all may type.")
final class ConsoleCommand extends GuestCommand {
  @Override
  public Integer call() {
    Terminal terminal = new Terminal();
    try (ControlClient stream = connect()) {
      stream.attach();
      terminal.followSize(this::resize);
      terminal.makeRaw();
      terminal.feed(
          (bytes, offset, length) -> {
            stream.write(bytes, length);
            return true;
          },
          new Keys());
      show(stream);
      terminal.restore();
      System.err.println("lodger: guest " + name + " has ended");
      return 0;
    }
  }

  private static void show(ControlClient stream) {
    byte[] bytes = new byte[1 << 16];
    try {
      for (int n = stream.read(bytes); n > 0; n = stream.read(bytes)) {
        System.out.write(bytes, 0, n);
        System.out.flush();
      }
    } catch (IOException e) {
      // The guest has ended without taking leave.
    }
  }

  private void resize(int columns, int rows) {
    try (ControlClient client = connect()) {
      client.call("PUT", "/v1/console/size", Map.of("columns", columns, "rows", rows));
    } catch (UsageException e) {
      // The guest has ended; the stream tells.
    }
  }

  private final class Keys implements EscapeKeys.Actions {
    private static final String HELP = "\r\nCtrl-A x  leave the console\r\n" + EscapeKeys.HELP;

    @Override
    public void quit() {
      // The terminal is restored on the way out.
      System.exit(0);
    }

    @Override
    public void powerButton() {
      post("/v1/power-button");
    }

    @Override
    public void help() {
      System.out.writeBytes(HELP.getBytes(StandardCharsets.US_ASCII));
      System.out.flush();
    }
  }
}
