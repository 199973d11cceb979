// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.share;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lodger.launcher.Programs;
import org.lodger.launcher.UsageException;
import org.lodger.virtio.p9.FileServer;

/**
 * Debian's 9P server, shut in: diod follows symbolic links and any path that its client makes up.
 * So it runs in namespaces of its own, where there is nothing but the directory, its program and
 * the libraries of that, no network and nobody else's process. It has no privilege, and a bounded
 * amount of memory.
 */
public final class Diod implements FileServer {
  private static final String ROOT = "/share";

  /** Not 0, which diod takes for the right to change users. Other owners show as 65534. */
  private static final int OWNER = 1;

  /** In bytes: the guest could have the server remember things without end. */
  private static final long MEMORY_MAX = 512 << 20;

  private static final Pattern LIBRARY = Pattern.compile("(/\\S+) \\(0x");

  private final Path folder;
  private final List<String> command;
  private final Consumer<String> log;

  /** The first server was tried out before the guest started. */
  private Process first;

  /**
   * @param role what lists of processes show
   * @param log gets what the server says, line by line
   * @throws UsageException if the folder cannot be served here
   */
  public Diod(Path folder, boolean readOnly, String role, Consumer<String> log) {
    this.folder = folder;
    this.log = log;
    Programs.need("diod", "diod");
    Programs.need("bwrap", "bubblewrap");
    command = command(folder, readOnly, "/" + role);
  }

  private static List<String> command(Path folder, boolean readOnly, String program) {
    String diod = Programs.find("diod").orElseThrow().toString();
    List<String> line = new ArrayList<>();
    line.addAll(List.of("prlimit", "--core=0", "--data=" + MEMORY_MAX, "--"));
    line.addAll(List.of("bwrap", "--unshare-all", "--unshare-user", "--die-with-parent"));
    line.addAll(List.of("--uid", "" + OWNER, "--gid", "" + OWNER));
    // A session of its own: Ctrl-C at the terminal is not meant for it.
    line.addAll(List.of("--new-session", "--clearenv", "--cap-drop", "ALL"));
    line.addAll(List.of("--ro-bind", diod, program));
    Matcher libraries = LIBRARY.matcher(Programs.output(List.of("ldd", diod)));
    while (libraries.find()) {
      line.addAll(List.of("--ro-bind", libraries.group(1), libraries.group(1)));
    }
    line.addAll(List.of(readOnly ? "--ro-bind" : "--bind", folder.toString(), ROOT));
    line.addAll(List.of("--remount-ro", "/", "--chdir", "/", "--", program));
    line.addAll(List.of("--foreground", "--no-auth", "--no-userdb", "--logdest", "stderr"));
    line.addAll(List.of("--rfdno", "0", "--wfdno", "1", "--export", ROOT));
    if (readOnly) {
      line.addAll(List.of("--export-opts", "ro"));
    }
    return line;
  }

  /** Tries whether the server starts and answers. */
  public void check() {
    try {
      Process process = new ProcessBuilder(command).start();
      if (Handshake.succeeds(process)) {
        follow(process);
        first = process;
        return;
      }
      throw new UsageException("cannot share " + folder + ": " + lastWords(process));
    } catch (IOException e) {
      throw new UsageException("cannot share " + folder + ": " + e.getMessage());
    }
  }

  /** Why it does not serve. Only while it is not destroyed can be read what it said. */
  private static String lastWords(Process process) {
    try {
      if (process.waitFor(2, TimeUnit.SECONDS)) {
        List<String> said = process.errorReader().lines().toList();
        return said.isEmpty() ? "the file server says nothing" : said.get(said.size() - 1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
    return "the file server speaks no 9P2000.L";
  }

  @Override
  public synchronized Process start() throws IOException {
    Process process = first;
    first = null;
    if (process == null || !process.isAlive()) {
      process = new ProcessBuilder(command).start();
      follow(process);
    }
    return process;
  }

  /** It says something about every request that it refuses. */
  private void follow(Process process) {
    Thread thread =
        new Thread(
            () -> {
              try (BufferedReader lines = process.errorReader()) {
                lines.lines().forEach(log);
              } catch (IOException | UncheckedIOException e) {
                // It has been killed.
              }
            },
            "share-log");
    thread.setDaemon(true);
    thread.start();
  }

  @Override
  public String root() {
    return ROOT;
  }

  @Override
  public int owner() {
    return OWNER;
  }
}
