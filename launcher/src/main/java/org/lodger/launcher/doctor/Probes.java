// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.doctor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lodger.launcher.UsageException;

/** What the native probe found by trying: "yes", or why not. */
final class Probes {
  private final Map<String, String> answers = new LinkedHashMap<>();

  private Probes() {}

  static Probes take(String program) {
    Probes probes = new Probes();
    try {
      Process process =
          new ProcessBuilder(program).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      output.lines().forEach(probes::add);
    } catch (IOException e) {
      throw new UsageException("cannot run the probe " + program + ": " + e.getMessage());
    }
    return probes;
  }

  private void add(String line) {
    int equals = line.indexOf('=');
    if (equals > 0) {
      answers.put(line.substring(0, equals), line.substring(equals + 1));
    }
  }

  String answer(String name) {
    return answers.getOrDefault(name, "was not tried");
  }

  boolean yes(String... names) {
    for (String name : names) {
      if (!answer(name).equals("yes")) {
        return false;
      }
    }
    return true;
  }

  /** "yes", or the first reason among these why not. */
  String all(String... names) {
    for (String name : names) {
      if (!yes(name)) {
        return "no: " + name + ": " + answer(name);
      }
    }
    return "yes";
  }
}
