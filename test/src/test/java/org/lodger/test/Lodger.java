// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One start of the {@code lodger} command, as a user types it. */
final class Lodger {
  static final Path HOME = Path.of(System.getProperty("lodger.home", "..")).toAbsolutePath();
  static final Path WORK = Path.of(System.getProperty("lodger.work", "target")).toAbsolutePath();

  /** Where these guests have their sockets: names must not meet those of other guests here. */
  static final Path RUNTIME = temporary();

  private static final Duration PATIENCE = Duration.ofSeconds(120);

  private final List<String> prefix = new ArrayList<>();
  private final List<String> words = new ArrayList<>();
  private Duration patience = PATIENCE;
  private byte[] stdin = new byte[0];

  private Lodger(String... words) {
    this.words.addAll(List.of(words));
  }

  private static Path temporary() {
    try {
      Path folder = Files.createTempDirectory("run-");
      Runtime.getRuntime()
          .addShutdownHook(new Thread(() -> Host.call("rm", "-rf", folder.toString())));
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Lodger run(String... options) {
    return new Lodger("run").with(options);
  }

  static Lodger of(String... words) {
    return new Lodger(words);
  }

  Lodger with(String... more) {
    words.addAll(List.of(more));
    return this;
  }

  Lodger disk(Path file, String... attributes) {
    return with("--disk", file + (attributes.length == 0 ? "" : "," + String.join(",", attributes)));
  }

  /** The command in the guest; ends the options. */
  Lodger command(String... command) {
    return with("--").with(command);
  }

  Lodger shell(String script) {
    return command("sh", "-c", script);
  }

  /** Words before the command itself, such as a wrapper that limits it. */
  Lodger under(String... wrapper) {
    prefix.addAll(List.of(wrapper));
    return this;
  }

  Lodger within(Duration limit) {
    patience = limit;
    return this;
  }

  Lodger stdin(byte[] bytes) {
    stdin = bytes.clone();
    return this;
  }

  /** Starts it and leaves its streams to the caller. */
  Running start() {
    List<String> line = new ArrayList<>(prefix);
    line.add(HOME.resolve("lodger").toString());
    line.addAll(words);
    return start(line);
  }

  /** Starts the wrapper, which starts lodger itself. */
  Running startAlone() {
    return start(prefix);
  }

  private static Running start(List<String> line) {
    try {
      ProcessBuilder builder = new ProcessBuilder(line);
      builder.environment().put("XDG_RUNTIME_DIR", RUNTIME.toString());
      return new Running(builder.start(), line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs it to its end. */
  Result finish() {
    long start = System.nanoTime();
    Running running = start();
    running.feed(stdin);
    int status = running.await(patience);
    return new Result(
        status,
        running.stdout(),
        new String(running.stderr(), StandardCharsets.UTF_8),
        Duration.ofNanos(System.nanoTime() - start));
  }

  record Result(int status, byte[] stdout, String err, Duration took) {
    String out() {
      return new String(stdout, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
      return "status " + status + "\nstdout: " + tail(out()) + "\nstderr: " + tail(err);
    }

    private static String tail(String text) {
      return text.length() > 4000 ? "..." + text.substring(text.length() - 4000) : text;
    }
  }

  /** A started command: threads collect what it says. */
  static final class Running {
    private final Process process;
    private final List<String> line;
    private final Collector out;
    private final Collector err;

    private Running(Process process, List<String> line) {
      this.process = process;
      this.line = line;
      out = new Collector(process.getInputStream());
      err = new Collector(process.getErrorStream());
    }

    Process process() {
      return process;
    }

    void feed(byte[] bytes) {
      Thread feeder =
          new Thread(
              () -> {
                try (OutputStream to = process.getOutputStream()) {
                  to.write(bytes);
                } catch (IOException e) {
                  // The command ended without reading all: not the feeder's business.
                }
              });
      feeder.setDaemon(true);
      feeder.start();
    }

    void type(String text) {
      try {
        process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Waits until stdout contains the text. */
    void expect(String text, Duration limit) {
      long end = System.nanoTime() + limit.toNanos();
      while (!new String(out.bytes(), StandardCharsets.UTF_8).contains(text)) {
        if (System.nanoTime() > end || (!process.isAlive() && out.finished())) {
          process.destroyForcibly();
          throw new AssertionError("no '" + text + "' from " + this);
        }
        pause(5);
      }
    }

    int await(Duration limit) {
      try {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly();
          throw new AssertionError("still running after " + limit + ": " + this);
        }
        out.join();
        err.join();
        return process.exitValue();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    byte[] stdout() {
      return out.bytes();
    }

    byte[] stderr() {
      return err.bytes();
    }

    @Override
    public String toString() {
      return String.join(" ", line)
          + "\nstdout: "
          + new String(out.bytes(), StandardCharsets.UTF_8)
          + "\nstderr: "
          + new String(err.bytes(), StandardCharsets.UTF_8);
    }
  }

  static void pause(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static final class Collector extends Thread {
    private final InputStream from;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Collector(InputStream from) {
      this.from = from;
      setDaemon(true);
      start();
    }

    @Override
    public void run() {
      byte[] buffer = new byte[1 << 16];
      try {
        for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
          synchronized (bytes) {
            bytes.write(buffer, 0, n);
          }
        }
      } catch (IOException e) {
        // The process was killed: what came so far is what there is.
      }
    }

    byte[] bytes() {
      synchronized (bytes) {
        return bytes.toByteArray();
      }
    }

    boolean finished() {
      return !isAlive();
    }
  }
}
