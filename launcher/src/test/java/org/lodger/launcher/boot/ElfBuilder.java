// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.boot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lodger.hypercall.Abi;

/** A small right kernel file, in which a test may put one thing wrong. */
public final class ElfBuilder {
  static final long PHYS = 0x100000;
  static final int TEXT_AT = 0x1000;
  static final int TEXT_SIZE = 0x200;
  static final int BSS_SIZE = 0x800;
  static final int NOTE_AT = 0x1180;
  static final int LOAD_HEADER = 64;
  static final int NOTE_HEADER = 64 + 56;

  final ByteBuffer bytes = ByteBuffer.allocate(TEXT_AT + TEXT_SIZE).order(ByteOrder.LITTLE_ENDIAN);

  public ElfBuilder() {
    bytes.put(0, new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    bytes.putShort(16, (short) 2).putShort(18, (short) 62).putInt(20, 1);
    bytes.putLong(24, Abi.RAM_BASE + PHYS + 0x10);
    bytes.putLong(32, 64);
    bytes.putShort(52, (short) 64).putShort(54, (short) 56).putShort(56, (short) 2);
    programHeader(LOAD_HEADER, 1, TEXT_AT, Abi.RAM_BASE + PHYS, TEXT_SIZE, BSS_SIZE);
    programHeader(NOTE_HEADER, 4, NOTE_AT, Abi.RAM_BASE + PHYS + 0x180, 24, 24);
    for (int i = 0; i < 0x100; i++) {
      bytes.put(TEXT_AT + i, (byte) i);
    }
    bytes.putInt(NOTE_AT, 7).putInt(NOTE_AT + 4, 4).putInt(NOTE_AT + 8, Abi.NOTE_ABI);
    bytes.put(NOTE_AT + 12, "Lodger\0".getBytes());
    bytes.putInt(NOTE_AT + 20, Abi.ABI_VERSION);
  }

  private void programHeader(
      int at, int type, long offset, long vaddr, long fileSize, long memorySize) {
    bytes.putInt(at, type).putInt(at + 4, 7);
    bytes.putLong(at + 8, offset).putLong(at + 16, vaddr).putLong(at + 24, vaddr);
    bytes.putLong(at + 32, fileSize).putLong(at + 40, memorySize).putLong(at + 48, 4096);
  }

  public Path write(Path file) throws IOException {
    return Files.write(file, bytes.array());
  }
}
