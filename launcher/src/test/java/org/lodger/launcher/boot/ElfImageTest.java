// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.airlift.compress.zstd.ZstdOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.launcher.UsageException;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

class ElfImageTest {
  @TempDir Path dir;

  @Test
  void loadsSegmentsWhereTheyBelong() throws IOException {
    checkLoads(new ElfBuilder().write(dir.resolve("vmlinux")));
  }

  private interface Compressor {
    OutputStream wrap(OutputStream to) throws IOException;
  }

  @Test
  void decompresses() throws IOException {
    Compressor xz = out -> new XZOutputStream(out, new LZMA2Options(0));
    for (Compressor format : new Compressor[] {GZIPOutputStream::new, xz, ZstdOutputStream::new}) {
      Path file = dir.resolve("vmlinux.packed");
      try (OutputStream out = format.wrap(Files.newOutputStream(file))) {
        out.write(new ElfBuilder().bytes.array());
      }
      checkLoads(file);
      byte[] packed = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(packed, packed.length / 2));
      assertTrue(refusal(file).contains("damaged"));
    }
  }

  private static void checkLoads(Path file) {
    try (ElfImage image = ElfImage.open(file);
        GuestMemory ram = GuestMemory.create("test", 2 << 20)) {
      image.load(ram);
      assertEquals(Abi.RAM_BASE + ElfBuilder.PHYS + 0x10, image.entry());
      assertEquals(ElfBuilder.PHYS + ElfBuilder.BSS_SIZE, image.end());
      assertEquals(0, ram.getByte(ElfBuilder.PHYS - 1));
      assertEquals(0x04030201, ram.getInt(ElfBuilder.PHYS + 1));
      assertEquals(0, ram.getByte(ElfBuilder.PHYS + ElfBuilder.TEXT_SIZE));
    }
  }

  @Test
  void refusesMemoryTooSmallForTheKernel() throws IOException {
    try (ElfImage image = ElfImage.open(new ElfBuilder().write(dir.resolve("vmlinux")));
        GuestMemory ram = GuestMemory.create("test", 1 << 20)) {
      assertThrows(UsageException.class, () -> image.load(ram));
    }
  }

  static Stream<Arguments> wrongs() {
    int load = ElfBuilder.LOAD_HEADER;
    int note = ElfBuilder.NOTE_HEADER;
    return Stream.of(
        wrong("not an ELF", b -> b.bytes.put(1, (byte) 'F')),
        wrong("32-bit", b -> b.bytes.put(4, (byte) 1)),
        wrong("another machine", b -> b.bytes.put(5, (byte) 2)),
        wrong("another machine", b -> b.bytes.putShort(18, (short) 183)),
        wrong("not linked", b -> b.bytes.putShort(16, (short) 1)),
        wrong("no program headers", b -> b.bytes.putShort(56, (short) 0)),
        wrong("no program headers", b -> b.bytes.putShort(54, (short) 32)),
        wrong("truncated", b -> b.bytes.putLong(32, 1 << 20)),
        wrong("truncated", b -> b.bytes.putLong(32, -8)),
        wrong("truncated", b -> b.bytes.putLong(load + 32, 1 << 20)),
        wrong("truncated", b -> b.bytes.putLong(load + 32, Long.MAX_VALUE)),
        wrong("truncated", b -> b.bytes.putLong(load + 8, Long.MAX_VALUE)),
        wrong("truncated", b -> b.bytes.putLong(note + 8, -1)),
        wrong("outside guest RAM", b -> b.bytes.putLong(load + 16, 0x400000)),
        wrong("outside guest RAM", b -> b.bytes.putLong(load + 16, -4096)),
        wrong("outside guest RAM", b -> b.bytes.putLong(load + 40, Long.MAX_VALUE)),
        wrong("outside guest RAM", b -> b.bytes.putLong(load + 40, -1)),
        wrong("outside guest RAM", b -> b.bytes.putLong(load + 40, 16)),
        wrong("entry point", b -> b.bytes.putLong(24, 0x1000)),
        wrong("entry point", b -> b.bytes.putInt(load, 6)),
        wrong("no Lodger note", b -> b.bytes.putInt(note, 6)),
        wrong("no Lodger note", b -> b.bytes.put(ElfBuilder.NOTE_AT + 12, (byte) 'l')),
        wrong("no Lodger note", b -> b.bytes.putInt(ElfBuilder.NOTE_AT + 8, 9)),
        wrong("no Lodger note", b -> b.bytes.putInt(ElfBuilder.NOTE_AT, Integer.MAX_VALUE)),
        wrong("no Lodger note", b -> b.bytes.putInt(ElfBuilder.NOTE_AT + 4, -1)),
        wrong("version 99", b -> b.bytes.putInt(ElfBuilder.NOTE_AT + 20, 99)));
  }

  private static Arguments wrong(String said, Consumer<ElfBuilder> change) {
    return Arguments.of(said, change);
  }

  @ParameterizedTest
  @MethodSource("wrongs")
  void refuses(String said, Consumer<ElfBuilder> change) throws IOException {
    ElfBuilder builder = new ElfBuilder();
    change.accept(builder);
    Path file = builder.write(dir.resolve("vmlinux"));
    String message = refusal(file);
    assertTrue(message.contains(said), message);
  }

  @Test
  void refusesEveryTruncatedFile() throws IOException {
    byte[] whole = new ElfBuilder().bytes.array();
    Path file = dir.resolve("vmlinux");
    for (int length = 0; length < whole.length; length += length < 200 ? 1 : 97) {
      Files.write(file, Arrays.copyOf(whole, length));
      refusal(file);
    }
  }

  /** Whatever the headers hold, a kernel is loaded or refused. */
  @Test
  void survivesRandomHeaders() throws IOException {
    Random random = new Random(1);
    Path file = dir.resolve("vmlinux");
    try (GuestMemory ram = GuestMemory.create("test", 2 << 20)) {
      for (int i = 0; i < 2000; i++) {
        ElfBuilder builder = new ElfBuilder();
        for (int n = random.nextInt(4); n >= 0; n--) {
          builder.bytes.put(random.nextInt(64 + 2 * 56), (byte) random.nextInt());
        }
        try (ElfImage image = ElfImage.open(builder.write(file))) {
          image.load(ram);
        } catch (UsageException e) {
          assertFalse(e.getMessage().contains("\n"), e.getMessage());
        }
      }
    }
  }

  @Test
  void knowsABareMetalKernel() throws IOException {
    byte[] image = new byte[4096];
    image[0x202] = 'H';
    image[0x203] = 'd';
    image[0x204] = 'r';
    image[0x205] = 'S';
    String message = refusal(Files.write(dir.resolve("bzImage"), image));
    assertTrue(message.contains("bzImage") && message.contains("lodger kernel build"), message);
  }

  @Test
  void namesWhatIsMissing() {
    assertTrue(refusal(dir.resolve("none")).contains("no kernel"));
    assertTrue(refusal(dir).contains("directory"));
  }

  private static String refusal(Path file) {
    String message =
        assertThrows(UsageException.class, () -> ElfImage.open(file).close()).getMessage();
    assertTrue(message.contains(file.toString()), message);
    assertFalse(message.contains("\n"), message);
    return message;
  }
}
