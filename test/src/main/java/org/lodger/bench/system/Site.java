// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.system;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Where things are, and what all systems share.
 *
 * @param home the checkout
 * @param work a folder that is kept from one benchmark to the next
 * @param cpu the one processor that runs the programs; a system's helpers may use the others
 */
public record Site(Path home, Path work, int cpu) {
  static final String MEMORY = "512M";
  public static final String MEMORY_TEXT = "512 MiB";

  /** The root as a folder, for what is no guest. */
  public Path tree() {
    return work.resolve("tree");
  }

  /** The same root as a read-only disk. */
  public Path image() {
    return work.resolve("root.img");
  }

  /** What the disk rows read and write. */
  public Path data() {
    return work.resolve("data.img");
  }

  /** A job of a system that runs on the host's own kernel. */
  List<String> onHost(Job job, List<String> command) {
    List<String> line = new ArrayList<>(List.of("env"));
    job.environment("/mnt/data", false).forEach((key, value) -> line.add(key + "=" + value));
    line.addAll(command);
    return pinned(line);
  }

  List<String> pinned(List<String> command) {
    List<String> line = new ArrayList<>(List.of("taskset", "-c", Integer.toString(cpu)));
    line.addAll(command);
    return line;
  }

  /** The processor features of this host, as /proc/cpuinfo names them, hold this one. */
  static boolean hasCpuFlag(String flag) {
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .map(line -> List.of(line.split("\\s+")).contains(flag))
          .orElse(false);
    } catch (java.io.IOException e) {
      return false;
    }
  }

  static Optional<String> missing(String program, String debianPackage) {
    return Tools.find(program).isPresent()
        ? Optional.empty()
        : Optional.of(program + " is missing; type: sudo apt-get install " + debianPackage);
  }
}
