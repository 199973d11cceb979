// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.boot;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Writes a cpio archive in the "newc" format, which the kernel unpacks as its first file tree. */
public final class Initramfs {
  private static final int REGULAR = 0100000;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private int inode = 1;

  /** Adds a file that everybody may run. */
  public Initramfs program(String name, byte[] content) {
    entry(name, REGULAR | 0755, content);
    return this;
  }

  public byte[] finish() {
    entry("TRAILER!!!", 0, new byte[0]);
    return out.toByteArray();
  }

  private void entry(String name, int mode, byte[] content) {
    byte[] nameBytes = (name + "\0").getBytes(StandardCharsets.UTF_8);
    int[] fields = {
      inode++, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, nameBytes.length, 0,
    };
    StringBuilder header = new StringBuilder("070701");
    for (int field : fields) {
      header.append(HexFormat.of().toHexDigits(field));
    }
    out.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(nameBytes);
    pad();
    out.writeBytes(content);
    pad();
  }

  private void pad() {
    out.writeBytes(new byte[-out.size() & 3]);
  }
}
