// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodger.bench.Refusal;

class ResultFileTest {
  @TempDir Path dir;

  @Test
  void whatIsWrittenIsRead() {
    Results results = new Results();
    results.started = "2026-01-01T00:00:00";
    results.add("micro", "native", "getppid", Unit.NS, 81.5);
    results.add("micro", "native", "getppid", Unit.NS, 82);
    results.systems.add(new Results.Column("native", "d", "v", true, null));
    Path file = dir.resolve("a.json");
    ResultFile.write(results, file);
    Results read = ResultFile.read(file);
    assertEquals(results.rows, read.rows);
    assertEquals(results.systems, read.systems);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "7",
        "{}",
        "no json",
        "{\"format\": \"lodger-bench\"",
        "{\"format\": \"something else\", \"version\": 1}",
        "{\"format\": \"lodger-bench\", \"version\": 99}",
        "{\"format\": \"lodger-bench\", \"version\": 1, \"rows\": null}",
        "{\"format\": \"lodger-bench\", \"version\": 1, \"rows\": 3}",
        "{\"format\": \"lodger-bench\", \"version\": 1, \"rows\": [{\"group\": \"micro\"}]}",
        "{\"format\": \"lodger-bench\", \"version\": 1, \"rows\": [{\"group\": \"micro\", \"name\":"
            + " \"a\", \"unit\": \"furlongs\", \"values\": {}}]}",
        "{\"format\": \"lodger-bench\", \"version\": 1, \"rows\": [{\"group\": \"micro\", \"name\":"
            + " \"a\", \"unit\": \"ns\", \"values\": {\"native\": []}}]}",
        "{\"format\": \"lodger-bench\", \"version\": 1, \"rows\": [{\"group\": \"micro\", \"name\":"
            + " \"a\", \"unit\": \"ns\", \"values\": {\"native\": [null]}}]}",
      })
  void aForeignFile(String text) throws IOException {
    Path file = Files.writeString(dir.resolve("foreign.json"), text);
    String message = assertThrows(Refusal.class, () -> ResultFile.read(file)).getMessage();
    assertFalse(message.contains("\n"), message);
    assertTrue(message.contains("foreign.json"), message);
  }

  @Test
  void noFile() {
    assertThrows(Refusal.class, () -> ResultFile.read(dir.resolve("none.json")));
    assertThrows(Refusal.class, () -> ResultFile.read(dir));
  }
}
