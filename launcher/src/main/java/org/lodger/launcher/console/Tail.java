// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.console;

import java.nio.charset.StandardCharsets;

/** Remembers the last bytes that a guest's console showed, for when it panics. */
final class Tail {
  private final byte[] ring = new byte[1 << 13];
  private long written;

  void add(byte[] bytes, int offset, int length) {
    for (int i = 0; i < length; i++) {
      ring[(int) (written++ % ring.length)] = bytes[offset + i];
    }
  }

  /** The last lines, at most {@code count} and only whole ones. */
  String lines(int count) {
    int kept = (int) Math.min(written, ring.length);
    byte[] bytes = new byte[kept];
    for (int i = 0; i < kept; i++) {
      bytes[i] = ring[(int) ((written - kept + i) % ring.length)];
    }
    String[] lines = new String(bytes, StandardCharsets.UTF_8).replace("\r", "").split("\n");
    int first = Math.max(written > kept ? 1 : 0, lines.length - count);
    StringBuilder text = new StringBuilder();
    for (int i = first; i < lines.length; i++) {
      text.append(lines[i]).append(System.lineSeparator());
    }
    return text.toString();
  }
}
