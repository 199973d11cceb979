// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.control.ControlClient;
import org.lodger.launcher.control.GuestFiles;
import org.lodger.launcher.control.LogFollower;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "logs",
    description = "Show what a guest's console said: the last 512 KiB of it at least.",
    footer = "%nThe log of a detached guest stays until its name is used again.")
final class LogsCommand extends GuestCommand {
  @Option(
      names = {"-f", "--follow"},
      description = "Go on with what it says from now on, until it ends.")
  private boolean follow;

  @Override
  public Integer call() throws IOException, InterruptedException {
    GuestFiles files = GuestFiles.of(name);
    if (follow && follow(files)) {
      return 0;
    }
    if (!Files.exists(files.log())) {
      // Then it has said nothing, if there is such a guest at all.
      ControlClient.connect(name).close();
      return 0;
    }
    copy(files.olderLog());
    copy(files.log());
    return 0;
  }

  private static boolean follow(GuestFiles files) throws InterruptedException {
    try {
      return new LogFollower(files, new FileOutputStream(FileDescriptor.out)).follow();
    } catch (IOException e) {
      return true; // whoever read it wants no more
    }
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
