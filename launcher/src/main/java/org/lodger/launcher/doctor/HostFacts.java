// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What /proc and its neighbours say about the host and this process's place on it. */
final class HostFacts {
  private final Path root;

  /** {@code root} is "/", but for tests. */
  HostFacts(Path root) {
    this.root = root;
  }

  /** The rest of the first line of a file that starts so, without the blanks around it. */
  Optional<String> line(String file, String start) {
    try {
      for (String line : Files.readAllLines(root.resolve(file))) {
        if (line.startsWith(start)) {
          return Optional.of(line.substring(start.length()).strip());
        }
      }
    } catch (IOException e) {
      return Optional.empty();
    }
    return Optional.empty();
  }

  String kernel() {
    return line("proc/sys/kernel/osrelease", "").orElse("unknown");
  }

  String processor() {
    return line("proc/cpuinfo", "model name")
        .map(name -> name.replaceFirst("^:\\s*", ""))
        .orElse("unknown");
  }

  String memory() {
    return mebibytes("MemAvailable:") + " MiB free of " + mebibytes("MemTotal:");
  }

  private String mebibytes(String name) {
    return line("proc/meminfo", name)
        .map(text -> Long.toString(Long.parseLong(text.replaceAll("\\D", "")) >> 10))
        .orElse("?");
  }

  /** The soft limit of this process. */
  String limit(String name) {
    return line("proc/self/limits", name).map(text -> text.split("\\s+")[0]).orElse("unknown");
  }

  String mappings() {
    return line("proc/sys/vm/max_map_count", "").orElse("unknown");
  }

  boolean noNewPrivileges() {
    return line("proc/self/status", "NoNewPrivs:").orElse("0").equals("1");
  }

  /** Signs of a container around us. */
  String container() {
    List<String> signs = new ArrayList<>();
    if (Files.exists(root.resolve(".dockerenv"))) {
      signs.add("docker");
    }
    if (Files.exists(root.resolve("run/.containerenv"))) {
      signs.add("podman");
    }
    line("run/systemd/container", "").ifPresent(signs::add);
    if (!line("proc/self/status", "Seccomp:").orElse("0").equals("0")) {
      signs.add("a seccomp filter");
    }
    if (line("proc/self/uid_map", "").map(map -> !map.endsWith("4294967295")).orElse(false)) {
      signs.add("a user namespace");
    }
    return signs.isEmpty() ? "none seen" : String.join(", ", signs);
  }
}
