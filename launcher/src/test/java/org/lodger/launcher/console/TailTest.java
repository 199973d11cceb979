// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class TailTest {
  private final Tail tail = new Tail();

  private void add(String text) {
    tail.add(text.getBytes(), 0, text.length());
  }

  @Test
  void givesTheLastLines() {
    add("one\r\ntwo\r\nthr");
    add("ee\n");
    assertEquals("two\nthree\n", tail.lines(2));
    assertEquals("one\ntwo\nthree\n", tail.lines(9));
  }

  @Test
  void forgetsOldBytesButShowsNoPartOfALine() {
    for (int i = 0; i < 5000; i++) {
      add("line " + i + "\n");
    }
    String lines = tail.lines(10000);
    assertTrue(lines.startsWith("line 4"), lines.substring(0, 20));
    assertTrue(lines.endsWith("line 4998\nline 4999\n"));
  }
}
