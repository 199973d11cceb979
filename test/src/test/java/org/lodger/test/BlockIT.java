// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Disks as a guest sees them, and as their files look afterwards. /dev/vda is the root disk. */
class BlockIT {
  private static final int MIB = 1 << 20;

  @TempDir private Path folder;

  private static Lodger guest() {
    return Lodger.run().disk(Disks.programs(), "ro").within(Duration.ofSeconds(90));
  }

  private static Lodger.Result good(Lodger lodger) {
    Lodger.Result result = lodger.finish();
    assertEquals(0, result.status(), result::toString);
    return result;
  }

  private Path random(String name, int size) throws IOException {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return Files.write(folder.resolve(name), bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "writeback", "writethrough"})
  void readsAndWrites(String cache) throws IOException {
    Path from = random("from.img", 8 * MIB);
    Path to = Disks.blank(folder, "to.img", 8 * MIB);
    good(
        guest()
            .disk(from, "ro", "cache=" + cache)
            .disk(to, "cache=" + cache)
            .shell("dd if=/dev/vdb of=/dev/vdc bs=64k conv=fsync 2>/dev/null && cmp /dev/vdb /dev/vdc"));
    assertArrayEquals(Files.readAllBytes(from), Files.readAllBytes(to));
  }

  @Test
  void oddSizesAndOffsets() throws IOException {
    Path disk = Disks.blank(folder, "odd.img", MIB + 512);
    good(
        guest()
            .disk(disk)
            .shell(
                "[ $(cat /sys/block/vdb/size) = 2049 ] &&"
                    + " printf last | dd of=/dev/vdb bs=512 seek=2048 conv=fsync 2>/dev/null &&"
                    + " printf odd | dd of=/dev/vdb bs=1 seek=12345 conv=notrunc,fsync 2>/dev/null &&"
                    + " ! dd if=/dev/zero of=/dev/vdb bs=512 seek=2049 count=1 2>/dev/null"));
    byte[] bytes = Files.readAllBytes(disk);
    assertEquals(MIB + 512, bytes.length);
    assertEquals("last", new String(bytes, MIB, 4));
    assertEquals("odd", new String(bytes, 12345, 3));
  }

  @Test
  void readOnly() throws IOException {
    Path disk = random("ro.img", MIB);
    byte[] before = Files.readAllBytes(disk);
    good(
        guest()
            .disk(disk, "ro")
            .shell(
                "[ $(cat /sys/block/vdb/ro) = 1 ] &&"
                    + " ! dd if=/dev/zero of=/dev/vdb bs=4k count=1 conv=fsync 2>/dev/null"));
    assertArrayEquals(before, Files.readAllBytes(disk));
  }

  @Test
  void serialNumber() {
    Path disk = Disks.blank(folder, "serial.img", MIB);
    assertEquals(
        "bottle-42\n",
        good(guest().disk(disk, "serial=bottle-42").shell("cat /sys/block/vdb/serial; echo")).out());
  }

  @Test
  void partitions() throws IOException {
    Path disk = Disks.blank(folder, "parts.img", 16 * MIB);
    try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
      writePartition(file, 0, 2048, 8192);
      writePartition(file, 1, 10240, 4096);
      file.seek(510);
      file.writeShort(0x55aa);
    }
    Lodger.Result result =
        good(
            guest()
                .disk(disk)
                .shell(
                    "cat /sys/block/vdb/vdb1/size /sys/block/vdb/vdb2/size &&"
                        + " printf two | dd of=/dev/vdb2 conv=fsync 2>/dev/null"));
    assertEquals("8192\n4096\n", result.out());
    assertEquals("two", new String(Files.readAllBytes(disk), 10240 * 512, 3));
  }

  private static void writePartition(RandomAccessFile file, int index, int start, int sectors)
      throws IOException {
    file.seek(446 + 16L * index + 4);
    file.writeByte(0x83);
    file.seek(446 + 16L * index + 8);
    file.writeInt(Integer.reverseBytes(start));
    file.writeInt(Integer.reverseBytes(sectors));
  }

  @Test
  void discardGivesSpaceBack() throws IOException {
    Path disk = random("discard.img", 16 * MIB);
    long before = blocks(disk);
    good(guest().disk(disk).shell("blkdiscard -o 4194304 -l 8388608 /dev/vdb && sync"));
    assertTrue(blocks(disk) <= before - 8 * MIB / 512 + 16, before + " to " + blocks(disk));
    byte[] bytes = Files.readAllBytes(disk);
    assertEquals(16 * MIB, bytes.length);
    for (int i = 4 * MIB; i < 12 * MIB; i++) {
      assertEquals(0, bytes[i]);
    }
  }

  private static long blocks(Path file) {
    return Long.parseLong(Host.must("stat", "-c", "%b", file.toString()).strip());
  }

  @Test
  void writeZeroes() throws IOException {
    Path disk = random("zeroes.img", 4 * MIB);
    byte[] before = Files.readAllBytes(disk);
    Lodger.Result result =
        good(
            guest()
                .disk(disk)
                .shell(
                    "cat /sys/block/vdb/queue/write_zeroes_max_bytes &&"
                        + " fallocate -p -o 1048576 -l 1048576 /dev/vdb 2>/dev/null ||"
                        + " dd if=/dev/zero of=/dev/vdb bs=1M seek=1 count=1 conv=fsync 2>/dev/null"));
    assertTrue(!result.out().startsWith("0\n"), "the device offers no write-zeroes");
    byte[] after = Files.readAllBytes(disk);
    for (int i = 0; i < 4 * MIB; i++) {
      assertEquals(i / MIB == 1 ? 0 : before[i], after[i]);
    }
  }

  @Test
  void manyDisks() {
    Lodger lodger = guest();
    for (int i = 0; i < 20; i++) {
      lodger.disk(Disks.blank(folder, "many" + i, (i + 1) * MIB));
    }
    Lodger.Result result = good(lodger.shell("cat /sys/block/vd?/size | sort -n | tail -n 20"));
    assertTrue(result.out().contains("40960\n"), result::toString);
  }

  /** Requests in flight at once, from several processes, each checked. */
  @Test
  void parallelRequests() {
    Path disk = Disks.blank(folder, "parallel.img", 64 * MIB);
    good(
        guest()
            .disk(disk)
            .shell(
                "mount -t tmpfs t /tmp || exit 1; for i in 0 1 2 3 4 5 6 7; do (yes \"stream $i\" | head -c 8388608 > /tmp/s$i;"
                    + " dd if=/tmp/s$i of=/dev/vdb bs=64k seek=$((i * 128)) conv=notrunc 2>/dev/null)"
                    + " & done; wait; sync; echo 3 > /proc/sys/vm/drop_caches;"
                    + " for i in 0 1 2 3 4 5 6 7; do"
                    + " dd if=/dev/vdb bs=64k skip=$((i * 128)) count=128 2>/dev/null | cmp - /tmp/s$i"
                    + " || exit 1; done"));
  }

  /** The host has no room: the guest gets an I/O error, launcher and guest go on. */
  @Test
  void hostWithoutRoom() {
    Path disk = Disks.blank(folder, "full.img", 512L * MIB);
    String limit = "ulimit -f 300000; exec \"$@\""; // 293 MiB, more than any file of a start
    Lodger.Result result =
        guest()
            .disk(disk)
            .with("--mem", "128M")
            .under("bash", "-c", limit, "limited")
            .shell(
                "dd if=/dev/zero of=/dev/vdb bs=1M seek=2 count=4 conv=fsync 2>/dev/null || exit 1;"
                    + " dd if=/dev/zero of=/dev/vdb bs=1M seek=400 count=4 conv=fsync 2>/dev/null && exit 2;"
                    + " dd if=/dev/vdb of=/dev/null bs=1M count=4 2>/dev/null || exit 3; echo alive")
            .finish();
    assertEquals("alive\n", result.out(), result::toString);
    assertEquals(0, result.status(), result::toString);
  }

  @Test
  void fileTruncatedUnderneath() throws IOException {
    Path disk = random("cut.img", 16 * MIB);
    Lodger.Running running =
        guest()
            .disk(disk)
            .shell(
                "head -c 1000 /dev/vdb >/dev/null; echo up; read go;"
                    + " dd if=/dev/vdb of=/dev/null bs=1M skip=8 count=1 2>/dev/null && exit 1;"
                    + " dd if=/dev/vdb of=/dev/null bs=1M count=2 2>/dev/null || exit 2; echo alive")
            .start();
    running.expect("up", Duration.ofSeconds(60));
    try (RandomAccessFile file = new RandomAccessFile(disk.toFile(), "rw")) {
      file.setLength(4 * MIB);
    }
    running.feed("go\n".getBytes());
    assertEquals(0, running.await(Duration.ofSeconds(60)), running::toString);
  }
}
