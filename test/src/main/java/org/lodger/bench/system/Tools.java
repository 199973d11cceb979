// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.system;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Other programs of this host. */
public final class Tools {
  private static final int LIMIT_S = 15;

  private Tools() {}

  public static Optional<Path> find(String program) {
    String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin";
    for (String folder : path.split(File.pathSeparator)) {
      Path file = Path.of(folder, program);
      if (!folder.isEmpty() && Files.isExecutable(file)) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  /** What a program ended with; status -1 if it could not be started, or took too long. */
  public record Output(int status, String text) {
    public String firstLine() {
      return text.lines().map(String::strip).filter(line -> !line.isEmpty()).findFirst().orElse("");
    }
  }

  /** Runs a program that should take moments; stdout and stderr come together. */
  public static Output call(List<String> command) {
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(new File("/dev/null"))
              .start();
    } catch (IOException e) {
      return new Output(-1, e.getMessage());
    }
    CompletableFuture<String> text = CompletableFuture.supplyAsync(() -> read(process));
    try {
      String all = text.get(LIMIT_S, TimeUnit.SECONDS);
      return new Output(process.waitFor(), all);
    } catch (TimeoutException | ExecutionException | InterruptedException e) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      return new Output(-1, "no answer in " + LIMIT_S + " s");
    }
  }

  private static String read(Process process) {
    try {
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}
