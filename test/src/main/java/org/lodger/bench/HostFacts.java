// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a reader must know of the host to believe its figures. */
final class HostFacts {
  private final Path root;

  /** {@code root} is "/", but for tests. */
  HostFacts(Path root) {
    this.root = root;
  }

  Map<String, String> all() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("processor", cpuLine("model name").orElse("unknown"));
    facts.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("memory", mebibytes("MemTotal:") + " MiB");
    facts.put("kernel", "Linux " + text("proc/sys/kernel/osrelease").orElse("unknown"));
    facts.put(
        "virtual machine",
        cpuLine("flags").filter(flags -> (flags + " ").contains(" hypervisor ")).isPresent()
            ? "yes: this host is itself a guest"
            : "no");
    facts.put(
        "governor",
        text("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").orElse("none visible"));
    facts.put("mitigations", String.join("; ", mitigations()));
    facts.put("load at the start", load());
    facts.put("vm.max_map_count", text("proc/sys/vm/max_map_count").orElse("?"));
    facts.put(
        "transparent huge pages",
        text("sys/kernel/mm/transparent_hugepage/enabled")
            .map(text -> text.replaceAll(".*\\[(.*)].*", "$1"))
            .orElse("none"));
    return facts;
  }

  private String load() {
    return text("proc/loadavg").orElse("0").split(" ")[0];
  }

  /** What the user had better know before hours of measuring. */
  Optional<String> warning() {
    int processors = Runtime.getRuntime().availableProcessors();
    return Double.parseDouble(load()) > processors / 2.0
        ? Optional.of(
            String.format(
                "this host is busy (load %s on %d processors): the figures will show that",
                load(), processors))
        : Optional.empty();
  }

  long mebibytes(String name) {
    return line("proc/meminfo", name)
        .map(text -> Long.parseLong(text.replaceAll("\\D", "")) >> 10)
        .orElse(0L);
  }

  private Optional<String> cpuLine(String name) {
    return line("proc/cpuinfo", name).map(text -> text.replaceFirst("^:\\s*", ""));
  }

  private Optional<String> line(String file, String start) {
    return read(file)
        .flatMap(text -> text.lines().filter(line -> line.startsWith(start)).findFirst())
        .map(line -> line.substring(start.length()).strip());
  }

  private Optional<String> text(String file) {
    return read(file).map(String::strip);
  }

  private Optional<String> read(String file) {
    try {
      return Optional.of(Files.readString(root.resolve(file)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Those that cost something here. */
  private List<String> mitigations() {
    List<String> found = new ArrayList<>();
    Path folder = root.resolve("sys/devices/system/cpu/vulnerabilities");
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        String answer = Files.readString(file).strip();
        if (!answer.equals("Not affected")) {
          found.add(file.getFileName() + ": " + answer);
        }
      }
    } catch (IOException e) {
      return List.of("unknown");
    }
    found.sort(null);
    return found.isEmpty() ? List.of("not affected by any") : found;
  }
}
