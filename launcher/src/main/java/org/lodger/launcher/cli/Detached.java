// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.console.ConsoleLog;

/**
 * A launcher that nobody waits for. A JVM cannot fork, so it starts itself a second time, waits for
 * the second one to say that its guest starts, and ends. Everything that the second one and its
 * guest then say goes to the guest's log.
 */
final class Detached implements AutoCloseable {
  private static final String CHILD = "LODGER_DETACHED";
  private static final String ROOT = "LODGER_ROOT";
  private static final String OUR_DESCRIPTORS = "/proc/self/fd/";
  private static final int STDOUT = 1;
  private static final int STDERR = 2;
  private static final int PATIENCE_MS = 1000;

  private final Thread reader;

  private Detached(Thread reader) {
    this.reader = reader;
  }

  /** Are we the second one? */
  static boolean isChild() {
    return System.getenv(CHILD) != null;
  }

  /** Starts the second one. Prints the guest's name; returns the exit status. */
  static int start() throws InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(commandLine())
            .redirectInput(new File("/dev/null"))
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    Map<String, String> environment = builder.environment();
    environment.put(CHILD, "1");
    // It has none of our descriptors, but may look at them until we end.
    environment.computeIfPresent(
        ROOT,
        (key, root) ->
            root.startsWith(OUR_DESCRIPTORS)
                ? root.replace("self", String.valueOf(ProcessHandle.current().pid()))
                : root);
    try {
      Process child = builder.start();
      String name = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (name.isEmpty()) {
        return child.waitFor();
      }
      System.out.print(name);
      System.out.flush();
      return 0;
    } catch (IOException e) {
      throw new UsageException("cannot start a second launcher: " + e.getMessage());
    }
  }

  /** Our own, with the JVM's options. */
  private static List<String> commandLine() {
    try {
      String line = Files.readString(Path.of("/proc/self/cmdline"));
      List<String> words = new ArrayList<>(List.of(line.split("\0", -1)));
      words.remove(words.size() - 1);
      ProcessHandle.current().info().command().ifPresent(program -> words.set(0, program));
      return words;
    } catch (IOException e) {
      throw new UsageException("/proc is not mounted: " + e.getMessage());
    }
  }

  /** The second one leaves the first: tells it the name, and sends its own words to the log. */
  static Detached leave(String name, ConsoleLog log) {
    System.out.println(name);
    System.out.flush();
    Host.setsid();
    Host.Pipe pipe = Host.pipe();
    Host.redirect(pipe.writeEnd(), STDERR);
    Host.redirect(pipe.writeEnd(), STDOUT);
    Host.close(pipe.writeEnd());
    Thread reader = new Thread(() -> copy(pipe.readEnd(), log), "own-words");
    reader.setDaemon(true);
    reader.start();
    return new Detached(reader);
  }

  private static void copy(int from, ConsoleLog log) {
    byte[] bytes = new byte[4096];
    try {
      for (int n = Host.read(from, bytes); n > 0; n = Host.read(from, bytes)) {
        log.write(bytes, 0, n);
      }
    } catch (HostException | IOException e) {
      // The log's disk is full: nobody is left to tell.
    }
  }

  /** Returns when the log has everything. */
  @Override
  public void close() throws InterruptedException {
    int none = Host.open("/dev/null", Host.O_RDWR, 0);
    Host.redirect(none, STDOUT);
    Host.redirect(none, STDERR);
    reader.join(PATIENCE_MS);
  }
}
