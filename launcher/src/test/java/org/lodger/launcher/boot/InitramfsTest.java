// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.boot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class InitramfsTest {
  @Test
  void isAnArchiveAsTheKernelReadsIt() {
    byte[] content = "#!/bin/true\n?".getBytes();
    ByteBuffer archive = ByteBuffer.wrap(new Initramfs().program("init", content).finish());
    assertArrayEquals(content, entry(archive, "init", 0100755));
    assertEquals(0, entry(archive, "TRAILER!!!", 0).length);
    assertEquals(0, archive.remaining());
  }

  /** Reads one entry: 110 bytes of header, name and content, each padded to 4 bytes. */
  private static byte[] entry(ByteBuffer archive, String name, int mode) {
    byte[] header = new byte[110];
    archive.get(header);
    assertEquals("070701", new String(header, 0, 6, StandardCharsets.US_ASCII));
    assertEquals(mode, field(header, 1));
    byte[] nameBytes = new byte[field(header, 11)];
    archive.get(nameBytes);
    assertEquals(name + "\0", new String(nameBytes));
    archive.position(archive.position() + 3 & ~3);
    byte[] content = new byte[field(header, 6)];
    archive.get(content);
    archive.position(archive.position() + 3 & ~3);
    return content;
  }

  private static int field(byte[] header, int number) {
    String hex = new String(header, 6 + 8 * number, 8, StandardCharsets.US_ASCII);
    return Integer.parseInt(hex, 16);
  }
}
