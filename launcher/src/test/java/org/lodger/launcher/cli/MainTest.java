// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
  @TempDir Path dir;

  /** Whatever is wrong is said in one line. */
  private static String refusal(String... args) {
    StringWriter err = new StringWriter();
    int status = Main.execute(new PrintWriter(err, true), args);
    String text = err.toString();
    assertEquals(2, status, text);
    assertEquals(1, text.lines().count(), text);
    assertTrue(text.startsWith("lodger: "), text);
    return text.substring("lodger: ".length()).strip();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "run --krnel vmlinux | did you mean --kernel?",
        "run --disc root.img | did you mean --disk?",
        "rnu | did you mean run?",
        "frobnicate | unknown option or command frobnicate",
        "'' | see lodger --help",
        "run --mem | --mem",
        "run --kernel /nonexistent/vmlinux | no kernel /nonexistent/vmlinux",
        "run --kernel / | directory",
        "run --kernel /proc/version --initrd /nonexistent | no initrd /nonexistent",
        "run --cpu two | --cpu two is no CPU",
        "run --kernel k --mem 8M | too little",
        "run --kernel k --mem 900000G | too much",
        "run --kernel k --mem 99999999999999999999T | too much",
        "run --kernel k --mem lots | is no size",
        "run vmlinux | write --kernel FILE",
        "run 512 | write --kernel FILE",
        "run --kernel k --disk d,rw | unknown part rw",
        "run --kernel k --disk d,cache=fast | choose none, writeback or writethrough",
        "run --initrd i -- true | leave out --initrd",
        "run --kernel k --log /nonexistent/log | cannot write the log file",
      })
  void refuses(String line, String said) {
    String message = refusal(line.isEmpty() ? new String[0] : line.split(" "));
    assertTrue(message.contains(said), message);
  }

  @Test
  void whatFollowsTwoDashesIsNotOurs() {
    String message = refusal("run", "--kernel", "/nonexistent", "--", "ls", "--krnel");
    assertTrue(message.contains("/nonexistent") || message.contains("LODGER_AGENT"), message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "run ", "doctor ", "kernel ", "kernel build ", "image ", "image create "})
  void helpIsNoError(String command) {
    StringWriter err = new StringWriter();
    for (String option : List.of("--help", "-h")) {
      assertEquals(0, Main.execute(new PrintWriter(err, true), (command + option).split(" ")));
    }
    assertEquals("", err.toString());
  }

  @Test
  void aKernelOfNothingIsRefused() throws IOException {
    Path empty = Files.createFile(dir.resolve("vmlinux"));
    assertTrue(refusal("run", "-k", empty.toString()).contains("not an ELF"));
  }
}
