// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.control.ControlClient;
import org.lodger.launcher.control.GuestFiles;
import picocli.CommandLine.Command;

@Command(
    name = "logs",
    description = "Show what a guest's console said: the last 512 KiB of it at least.",
    footer = "%nThe log of a detached guest stays until its name is used again.")
final class LogsCommand extends GuestCommand {
  @Override
  public Integer call() throws IOException {
    GuestFiles files = GuestFiles.of(name);
    if (!Files.exists(files.log())) {
      // Then it has said nothing, if there is such a guest at all.
      ControlClient.connect(name).close();
      return 0;
    }
    copy(files.olderLog());
    copy(files.log());
    return 0;
  }

  private static void copy(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      OutputStream out = System.out;
      in.transferTo(out);
      out.flush();
    } catch (NoSuchFileException e) {
      // There is not that much.
    } catch (IOException e) {
      throw new UsageException("cannot read " + file + ": " + e.getMessage());
    }
  }
}
