// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.boot;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.launcher.UsageException;

/**
 * A guest kernel: an ELF64 file for x86-64 with a Lodger note, checked when it is opened. Its
 * virtual addresses count from {@link Abi#RAM_BASE}.
 */
public final class ElfImage implements AutoCloseable {
  private static final int EHDR_SIZE = 64;
  private static final int PHDR_SIZE = 56;
  private static final int EM_X86_64 = 62;
  private static final int ET_EXEC = 2;
  private static final int ET_DYN = 3;
  private static final int PT_LOAD = 1;
  private static final int PT_NOTE = 4;
  private static final int NOTES_MAX = 1 << 20;
  private static final int BZIMAGE_MAGIC_AT = 0x202;
  private static final int BZIMAGE_MAGIC = 0x53726448;

  private static final int READ_EXECUTE = 5;
  private static final int PAGE = 4096;

  /** A part of guest RAM, in bytes. */
  public record Extent(long phys, long size) {}

  private record Segment(long offset, long vaddr, long fileSize, long memorySize, int flags) {
    long phys() {
      return vaddr - Abi.RAM_BASE;
    }
  }

  private final KernelFile file;
  private final Path path;
  private final List<Segment> load = new ArrayList<>();
  private final long entry;
  private int abiVersion = -1;

  private ElfImage(KernelFile file) {
    this.file = file;
    path = file.path();
    ByteBuffer header = read(0, (int) Math.min(file.size(), EHDR_SIZE));
    checkHeader(header);
    entry = header.getLong(24);
    long table = header.getLong(32);
    int entries = header.getShort(56) & 0xffff;
    if ((header.getShort(54) & 0xffff) != PHDR_SIZE || entries == 0) {
      throw new UsageException(path + " has no program headers: it is not a linked kernel");
    }
    checkInFile(table, (long) entries * PHDR_SIZE);
    readProgramHeaders(read(table, entries * PHDR_SIZE), entries);
    checkVersion();
    checkEntry();
  }

  public static ElfImage open(Path path) {
    KernelFile file = KernelFile.open(path);
    try {
      return new ElfImage(file);
    } catch (UsageException e) {
      file.close();
      throw e;
    }
  }

  /** The address of the first instruction. */
  public long entry() {
    return entry;
  }

  /** The first guest-physical address behind the kernel. */
  public long end() {
    return load.stream().mapToLong(s -> s.phys() + s.memorySize()).max().orElseThrow();
  }

  /**
   * The pages of the segment that is executed and not written, which holds all of the kernel's code;
   * empty if there is none.
   */
  public Extent text() {
    for (Segment s : load) {
      if (s.flags() == READ_EXECUTE) {
        long start = s.phys() / PAGE * PAGE;
        long end = (s.phys() + s.memorySize() + PAGE - 1) / PAGE * PAGE;
        return new Extent(start, end - start);
      }
    }
    return new Extent(0, 0);
  }

  /** Copies the segments into fresh RAM. */
  public void load(GuestMemory ram) {
    for (Segment segment : load) {
      if (!ram.contains(segment.phys(), segment.memorySize())) {
        throw new UsageException(
            String.format(
                "%s does not fit into %dM of memory; give the guest more with --mem",
                path, ram.size() >> 20));
      }
      for (long done = 0; done < segment.fileSize(); ) {
        int part = (int) Math.min(segment.fileSize() - done, GuestMemory.MAX_SLICE);
        file.read(segment.offset() + done, ram.slice(segment.phys() + done, part));
        done += part;
      }
    }
  }

  @Override
  public void close() {
    file.close();
  }

  private void checkHeader(ByteBuffer header) {
    boolean elf =
        header.limit() >= 20 && header.order(ByteOrder.BIG_ENDIAN).getInt(0) == 0x7f454c46;
    header.order(ByteOrder.LITTLE_ENDIAN);
    if (!elf && isBzImage()) {
      throw new UsageException(path + " is a bzImage for bare metal; " + CURE);
    }
    if (!elf) {
      throw new UsageException(path + " is not an ELF file; --kernel takes a vmlinux");
    }
    if (header.get(4) != 2) {
      throw new UsageException(path + " is a 32-bit kernel; Lodger runs 64-bit ones");
    }
    if (header.get(5) != 1 || header.getShort(18) != EM_X86_64) {
      throw new UsageException(path + " is for another machine than x86-64");
    }
    if (header.limit() < EHDR_SIZE) {
      throw truncated();
    }
    int type = header.getShort(16);
    if (type != ET_EXEC && type != ET_DYN) {
      throw new UsageException(path + " is not linked: it is an object file or a core dump");
    }
  }

  private static final String CURE = "build one with ./lodger kernel build";

  private boolean isBzImage() {
    return file.size() >= BZIMAGE_MAGIC_AT + 4
        && read(BZIMAGE_MAGIC_AT, 4).getInt(0) == BZIMAGE_MAGIC;
  }

  private void readProgramHeaders(ByteBuffer table, int entries) {
    for (int i = 0; i < entries; i++) {
      int at = i * PHDR_SIZE;
      int type = table.getInt(at);
      if (type != PT_LOAD && type != PT_NOTE) {
        continue;
      }
      Segment segment =
          new Segment(
              table.getLong(at + 8),
              table.getLong(at + 16),
              table.getLong(at + 32),
              table.getLong(at + 40),
              table.getInt(at + 4));
      checkInFile(segment.offset(), segment.fileSize());
      if (type == PT_NOTE) {
        readNotes(segment);
      } else if (segment.memorySize() != 0) {
        load.add(segment);
      }
    }
  }

  /** Notes are: three words (name size, descriptor size, type), the name, the descriptor. */
  private void readNotes(Segment segment) {
    ByteBuffer notes = read(segment.offset(), (int) Math.min(segment.fileSize(), NOTES_MAX));
    byte[] wanted = (Abi.NOTE_NAME + "\0").getBytes(StandardCharsets.US_ASCII);
    while (notes.remaining() >= 12) {
      int nameSize = notes.getInt();
      int descriptorSize = notes.getInt();
      int type = notes.getInt();
      long length = padded(nameSize) + padded(descriptorSize);
      if (nameSize < 0 || descriptorSize < 0 || length > notes.remaining()) {
        return;
      }
      ByteBuffer name = notes.slice(notes.position(), nameSize);
      if (type == Abi.NOTE_ABI && descriptorSize == 4 && name.equals(ByteBuffer.wrap(wanted))) {
        abiVersion = notes.getInt(notes.position() + (int) padded(nameSize));
        return;
      }
      notes.position(notes.position() + (int) length);
    }
  }

  private static long padded(int size) {
    return size + 3L & ~3L;
  }

  private void checkVersion() {
    if (abiVersion < 0) {
      throw new UsageException(path + " is not a Lodger kernel (it has no Lodger note); " + CURE);
    }
    if (abiVersion != Abi.ABI_VERSION) {
      throw new UsageException(
          String.format(
              "%s speaks version %d of Lodger's ABI, this is version %d; %s",
              path, abiVersion, Abi.ABI_VERSION, CURE));
    }
  }

  private void checkEntry() {
    boolean inside = false;
    for (Segment s : load) {
      if (s.fileSize() > s.memorySize()
          || s.phys() < 0
          || s.memorySize() < 0
          || s.memorySize() > Abi.RAM_MAX - s.phys()) {
        throw new UsageException(path + " has a segment outside guest RAM; " + CURE);
      }
      inside |= entry >= s.vaddr() && entry - s.vaddr() < s.memorySize();
    }
    if (!inside) {
      throw new UsageException(path + " has its entry point outside its segments; " + CURE);
    }
  }

  private void checkInFile(long offset, long length) {
    if (offset < 0 || length < 0 || offset > file.size() || length > file.size() - offset) {
      throw truncated();
    }
  }

  private UsageException truncated() {
    return new UsageException(path + " is truncated; build or copy it again");
  }

  private ByteBuffer read(long offset, int length) {
    return file.read(offset, length).order(ByteOrder.LITTLE_ENDIAN);
  }
}
