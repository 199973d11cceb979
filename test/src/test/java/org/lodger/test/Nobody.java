// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs lodger as a user without any privilege, who can gain none. Takes root to become that. */
final class Nobody {
  private Nobody() {}

  /** The words are those behind {@code lodger run}; the folder, a fresh one, becomes nobody's. */
  static Host.Output run(Path folder, Path disk, String... words) throws IOException {
    return Host.call(line(folder, disk, words));
  }

  /** The same, to be started by the caller. */
  static String[] line(Path folder, Path disk, String... words) throws IOException {
    Path kernel = folder.resolve("vmlinux");
    Path agent = folder.resolve("agent");
    Path root = folder.resolve("root.img");
    String made = Files.readString(Lodger.HOME.resolve("target/lodger/kernel.path")).strip();
    Files.copy(Path.of(made), kernel);
    Files.copy(Lodger.HOME.resolve("target/lodger/agent"), agent);
    Host.must("cp", "--sparse=always", disk.toString(), root.toString());
    List<String> line =
        new ArrayList<>(
            List.of(
                "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
                "--bounding-set=-all", "--inh-caps=-all", "env", "HOME=" + folder,
                "XDG_RUNTIME_DIR=" + folder,
                "LODGER_KERNEL=" + kernel, "LODGER_AGENT=" + agent));
    line.addAll(javaLine(folder));
    line.addAll(List.of("run", "--disk", root.toString()));
    line.addAll(List.of(words));
    Host.must("chown", "-R", "65534:65534", folder.toString());
    return line.toArray(String[]::new);
  }

  /** Copies what a run needs to where everybody can read it: homes are often closed to others. */
  private static List<String> javaLine(Path folder) throws IOException {
    List<String> line = new ArrayList<>(List.of("java"));
    boolean classPath = false;
    for (String quoted : Files.readAllLines(Lodger.HOME.resolve("target/lodger/java.args"))) {
      for (String word : quoted.startsWith("\"") ? new String[] {quoted} : quoted.split(" ")) {
        String option = word.replaceAll("^\"|\"$", "");
        if (classPath) {
          option = copies(folder, option);
        }
        classPath = option.equals("-cp");
        if (!option.contains("SharedArchiveFile")) {
          line.add(option);
        }
      }
    }
    line.add("org.lodger.launcher.cli.Main");
    return line;
  }

  private static String copies(Path folder, String path) throws IOException {
    List<String> copied = new ArrayList<>();
    for (String jar : path.split(":")) {
      Path to = folder.resolve(copied.size() + "-" + Path.of(jar).getFileName());
      Host.must("cp", "-r", jar, to.toString());
      copied.add(to.toString());
    }
    return String.join(":", copied);
  }
}
