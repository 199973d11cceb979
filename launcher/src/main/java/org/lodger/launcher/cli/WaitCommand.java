// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.IOException;
import java.nio.file.Files;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.control.ControlClient;
import org.lodger.launcher.control.GuestFiles;
import org.lodger.launcher.control.Json;
import org.lodger.launcher.life.Ending;
import picocli.CommandLine.Command;

@Command(
    name = "wait",
    description = "Wait until a guest has ended, and exit with its status.",
    footer = "%nOf a detached guest it tells the status later, too, until the name is used again.")
final class WaitCommand extends GuestCommand {
  private static final int ROUND_SECONDS = 3600;

  @Override
  public Integer call() throws IOException {
    GuestFiles files = GuestFiles.of(name);
    if (Files.exists(files.end())) {
      return Json.read(Files.readString(files.end()), Ending.class).exitStatus();
    }
    try (ControlClient client = connect()) {
      String ending = "";
      while (ending.isEmpty()) {
        ending = client.must("GET", "/v1/end?timeoutSeconds=" + ROUND_SECONDS);
      }
      return Json.read(ending, Ending.class).exitStatus();
    } catch (UsageException e) {
      // Its launcher was killed, or the guest has ended since we looked.
      if (Files.exists(files.end())) {
        return Json.read(Files.readString(files.end()), Ending.class).exitStatus();
      }
      throw e;
    }
  }
}
