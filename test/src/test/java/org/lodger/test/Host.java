// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What tests ask of this machine. */
final class Host {
  private Host() {}

  record Output(int status, String text) {}

  /** Runs a program; stdout and stderr come together. */
  static Output call(String... line) {
    try {
      ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
      Map<String, String> env = builder.environment();
      env.put("PATH", env.get("PATH") + ":/usr/sbin:/sbin");
      List<String> resolved = new ArrayList<>(List.of("env"));
      resolved.addAll(List.of(line));
      Process process = builder.command(resolved).start();
      process.getOutputStream().close();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Output(process.waitFor(), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  static String must(String... line) {
    Output output = call(line);
    if (output.status() != 0) {
      throw new AssertionError(String.join(" ", line) + ": " + output);
    }
    return output.text();
  }

  static boolean has(String program) {
    return call("which", program).status() == 0;
  }

  static boolean root() {
    return must("id", "-u").strip().equals("0");
  }

  static FileTime newest(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      FileTime newest = FileTime.fromMillis(0);
      for (Path file : (Iterable<Path>) files::iterator) {
        FileTime time = Files.getLastModifiedTime(file);
        newest = time.compareTo(newest) > 0 ? time : newest;
      }
      return newest;
    }
  }

  /** The clock ticks that a guest's processes have used, not the launcher's. */
  static long ticks(String name) throws IOException {
    long ticks = 0;
    for (long pid : guestProcesses(name)) {
      String[] field = stat(pid);
      ticks += Long.parseLong(field[11]) + Long.parseLong(field[12]);
    }
    return ticks;
  }

  /** What /proc/PID/stat has behind the name, from the state on. */
  static String[] stat(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
    return stat.substring(stat.lastIndexOf(')') + 2).split(" ");
  }

  /** What ps calls comm; empty if the process has just ended. */
  static String shortName(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
    } catch (IOException e) {
      return "";
    }
  }

  /** The process in which the guest's kernel runs. */
  static long kernelProcess(String name) {
    return guestProcesses(name).stream()
        .filter(pid -> shortName(pid).startsWith("kernel:"))
        .findFirst()
        .orElseThrow();
  }

  /** The guest's own processes, which all carry its name; not the launcher. */
  static List<Long> guestProcesses(String name) {
    return processesTitled("lodger:" + name);
  }

  /** The processes that call themselves so. */
  static List<Long> processesTitled(String title) {
    List<Long> found = new ArrayList<>();
    try (Stream<Path> entries = Files.list(Path.of("/proc"))) {
      for (Path entry : (Iterable<Path>) entries::iterator) {
        String pid = entry.getFileName().toString();
        if (pid.matches("\\d+") && commandLine(entry).startsWith(title + "\0")) {
          found.add(Long.valueOf(pid));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }

  private static String commandLine(Path process) {
    try {
      return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return ""; // it has just ended
    }
  }

  /** Waits until the guest has left no process. */
  static boolean gone(String name) {
    for (int i = 0; i < 200; i++) {
      if (guestProcesses(name).isEmpty()) {
        return true;
      }
      Lodger.pause(10);
    }
    return false;
  }
}
