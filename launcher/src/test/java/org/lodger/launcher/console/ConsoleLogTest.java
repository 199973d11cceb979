// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsoleLogTest {
  @TempDir private Path dir;

  @Test
  void nothingSaidNothingWritten() {
    new ConsoleLog(dir.resolve("new"), dir.resolve("old"));
    assertFalse(Files.exists(dir.resolve("new")));
  }

  @Test
  void keepsTheEndAndNoMore() throws IOException {
    Path newer = dir.resolve("new");
    Path older = dir.resolve("old");
    ConsoleLog log = new ConsoleLog(newer, older);
    StringBuilder all = new StringBuilder();
    for (int i = 0; all.length() < 5 * ConsoleLog.FILE_BYTES; i++) {
      String line = "line " + i + "\n";
      all.append(line);
      byte[] bytes = ("..." + line).getBytes(StandardCharsets.US_ASCII);
      log.write(bytes, 3, bytes.length - 3);
    }
    String kept = Files.readString(older) + Files.readString(newer);
    assertTrue(kept.length() <= 2 * ConsoleLog.FILE_BYTES, "keeps " + kept.length());
    assertTrue(kept.length() >= ConsoleLog.FILE_BYTES, "keeps " + kept.length());
    assertEquals(all.substring(all.length() - kept.length()), kept);
  }

  @Test
  void oneWriteMayBeLongerThanAFile() throws IOException {
    ConsoleLog log = new ConsoleLog(dir.resolve("new"), dir.resolve("old"));
    byte[] much = new byte[3 * ConsoleLog.FILE_BYTES + 17];
    much[much.length - 1] = 'x';
    log.write(much, 0, much.length);
    byte[] end = Files.readAllBytes(dir.resolve("new"));
    assertEquals(17, end.length);
    assertEquals('x', end[16]);
  }
}
