// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What may be a disk, and what is said of the rest. */
@Timeout(10)
class DiskFileTest {
  private final List<String> log = new ArrayList<>();

  @TempDir Path dir;

  private Path file(String name, long size) throws IOException {
    Path path = dir.resolve(name);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(size);
    }
    return path;
  }

  private DiskFile open(Path path, boolean readOnly) {
    return DiskFile.open(path, readOnly, CacheMode.WRITEBACK, log::add);
  }

  private void refused(Path path, String why) {
    String message = assertThrows(DiskException.class, () -> open(path, false)).getMessage();
    assertTrue(message.startsWith(path.toString()) || message.contains(" " + path), message);
    assertTrue(message.contains(why), message);
    assertFalse(message.contains("\n"), message);
  }

  @Test
  void missing() {
    refused(dir.resolve("none.img"), "no such disk");
  }

  @Test
  void directory() {
    refused(dir, "is a directory");
  }

  @Test
  void empty() throws IOException {
    refused(file("empty.img", 0), "is empty");
  }

  @Test
  void noMultipleOfASector() throws IOException {
    refused(file("odd.img", 1025), "1025 bytes, no multiple of 512");
  }

  @Test
  void neitherFileNorDisk() throws Exception {
    refused(Path.of("/dev/null"), "is empty");
    Path fifo = dir.resolve("fifo");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    refused(fifo, "neither a file nor a block device");
  }

  @Test
  void notWritable() {
    // A file that not even root may write.
    refused(Path.of("/sys/kernel/uevent_seqnum"), "is not writable");
  }

  @Test
  void aWriterExcludesAll() throws IOException {
    Path path = file("a.img", 512);
    try (DiskFile first = open(path, false)) {
      assertEquals(512, first.size());
      refused(path, "in use by another guest");
      assertThrows(DiskException.class, () -> open(path, true));
    }
    open(path, false).close();
  }

  @Test
  void readersShare() throws IOException {
    Path path = file("a.img", 512);
    try (DiskFile first = open(path, true);
        DiskFile second = open(path, true)) {
      assertTrue(first.isReadOnly() && second.isReadOnly());
      refused(path, "in use by another guest");
    }
    open(path, false).close();
  }

  @Test
  void aRefusedDiskIsNotLeftLocked() throws IOException {
    Path path = file("odd.img", 1000);
    refused(path, "no multiple of 512");
    Files.write(path, new byte[1024]);
    open(path, false).close();
  }
}
