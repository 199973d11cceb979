// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The host's other programs, found and run. What they print goes straight to the user. */
public final class Programs {
  private Programs() {}

  /** Looked for in PATH, and where an ordinary user's PATH does not lead. */
  public static Optional<Path> find(String name) {
    String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin";
    for (String folder : path.split(File.pathSeparator)) {
      Path program = Path.of(folder, name);
      if (!folder.isEmpty() && Files.isExecutable(program)) {
        return Optional.of(program);
      }
    }
    return Optional.empty();
  }

  public static void need(String name, String debianPackage) {
    if (find(name).isEmpty()) {
      throw new UsageException(name + " is missing; type: sudo apt-get install " + debianPackage);
    }
  }

  /** Runs a program to its end, and returns its exit status. */
  public static int status(List<String> command) {
    return finish(start(command, ProcessBuilder.Redirect.INHERIT));
  }

  public static void run(List<String> command) {
    check(command, status(command));
  }

  /** Runs a program to its end, and returns what it prints. */
  public static String output(List<String> command) {
    Process process = start(command, ProcessBuilder.Redirect.PIPE);
    String output;
    try {
      output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UsageException("cannot read from " + command.get(0) + ": " + e.getMessage());
    }
    check(command, finish(process));
    return output;
  }

  private static Process start(List<String> command, ProcessBuilder.Redirect output) {
    List<String> found = new ArrayList<>(command);
    find(command.get(0)).ifPresent(program -> found.set(0, program.toString()));
    try {
      return new ProcessBuilder(found).inheritIO().redirectOutput(output).start();
    } catch (IOException e) {
      throw new UsageException("cannot run " + command.get(0) + ": " + e.getMessage());
    }
  }

  private static int finish(Process process) {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UsageException("interrupted");
    }
  }

  private static void check(List<String> command, int status) {
    if (status != 0) {
      throw new UsageException(command.get(0) + " failed with status " + status + ": see above");
    }
  }
}
