// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodger.virtio.FakeQueue.in;
import static org.lodger.virtio.FakeQueue.out;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.lodger.hypercall.host.Host;
import org.lodger.virtio.FakeQueue.Segment;

/** What a driver gets for requests that cannot be carried out, and what the log says. */
class BlockErrorsTest extends BlockTest {
  @Test
  void serialTooLong() throws IOException {
    create(new byte[512]);
    try (DiskFile disk = DiskFile.open(path, false, CacheMode.WRITEBACK, log::add)) {
      assertThrows(
          DiskException.class,
          () -> new BlockDevice("vda", driver.ram, disk, "123456789012345678901", log::add));
    }
  }

  @Test
  void badRanges() throws Exception {
    start();
    byte[] before = content();
    int sectors = SIZE / 512;
    long[][] bad = {
      {sectors, 1, 0},
      {0, sectors + 1, 0},
      {-1, 1, 0},
      {Long.MAX_VALUE, 1, 0},
      {sectors - 1, 2, 0},
      {0, -1, 0},
      {0, Integer.MAX_VALUE, 0},
    };
    for (long[] range : bad) {
      long at = range(range[0], (int) range[1], (int) range[2]);
      assertEquals(BlockRequest.IOERR, request(BlockRequest.DISCARD, 0, out(at, 16)));
      assertEquals(BlockRequest.IOERR, request(BlockRequest.WRITE_ZEROES, 0, out(at, 16)));
    }
    assertEquals(BlockRequest.UNSUPP, request(BlockRequest.DISCARD, 0, out(range(0, 8, 1), 16)));
    assertEquals(
        BlockRequest.UNSUPP, request(BlockRequest.WRITE_ZEROES, 0, out(range(0, 8, 2), 16)));
    assertEquals(BlockRequest.IOERR, request(BlockRequest.DISCARD, 0));
    assertEquals(BlockRequest.IOERR, request(BlockRequest.DISCARD, 0, out(range(0, 8, 0), 15)));
    long many = driver.allocate(16 * 17);
    assertEquals(BlockRequest.IOERR, request(BlockRequest.DISCARD, 0, out(many, 16 * 17)));
    assertArrayEquals(before, content());
  }

  @Test
  void outsideTheDisk() throws Exception {
    start();
    byte[] before = content();
    long place = driver.allocate(1024);
    long sectors = SIZE / 512;
    for (long sector : new long[] {sectors, sectors - 1, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      assertEquals(BlockRequest.IOERR, request(BlockRequest.IN, sector, in(place, 1024)));
      assertEquals(BlockRequest.IOERR, request(BlockRequest.OUT, sector, out(place, 1024)));
    }
    assertEquals(BlockRequest.IOERR, request(BlockRequest.IN, 0, in(place, 511)));
    assertEquals(BlockRequest.IOERR, request(BlockRequest.OUT, 0, out(place, 513)));
    assertArrayEquals(before, content());
    assertArrayEquals(new byte[1024], driver.get(place, 1024));
  }

  @Test
  void moreThanTheLimitsInOneRequest() throws Exception {
    path = dir.resolve("big.img");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(1L << 40);
    }
    start(CacheMode.WRITEBACK, false);
    // Small memory named over and over: more than a transfer that the limits in config allow.
    Segment[] segments = new Segment[200];
    Arrays.fill(segments, in(1 << 20, 8 << 20));
    assertEquals(BlockRequest.IOERR, request(BlockRequest.IN, 0, segments));
  }

  @Test
  void unknownType() throws Exception {
    start();
    assertEquals(BlockRequest.UNSUPP, request(99, 0));
    assertEquals(BlockRequest.UNSUPP, request(-1, 0));
  }

  @Test
  void readOnly() throws Exception {
    create(noise(SIZE));
    start(CacheMode.WRITEBACK, true);
    assertEquals(1 << 5, device.features() & (1 << 5 | 1 << 13 | 1 << 14));
    byte[] before = content();
    long place = driver.allocate(512);
    assertEquals(0, request(BlockRequest.IN, 1, in(place, 512)));
    assertArrayEquals(Arrays.copyOfRange(before, 512, 1024), driver.get(place, 512));
    assertEquals(BlockRequest.IOERR, request(BlockRequest.OUT, 0, out(place, 512)));
    assertEquals(BlockRequest.IOERR, request(BlockRequest.DISCARD, 0, out(range(0, 8, 0), 16)));
    assertEquals(
        BlockRequest.IOERR, request(BlockRequest.WRITE_ZEROES, 0, out(range(0, 8, 0), 16)));
    assertArrayEquals(before, content());
  }

  @Test
  void truncatedUnderTheGuest() throws Exception {
    start();
    long place = driver.allocate(4096);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(6144);
    }
    assertEquals(0, request(BlockRequest.IN, 0, in(place, 4096)));
    assertEquals(BlockRequest.IOERR, request(BlockRequest.IN, 8, in(place, 4096)));
    assertEquals(BlockRequest.IOERR, request(BlockRequest.IN, 100, in(place, 4096)));
    assertEquals(1, log.size(), "said once");
    assertTrue(log.get(0).contains("shorter than"), log::toString);
  }

  @Test
  void aHostThatRefusesWrites() throws Exception {
    int sealed = Host.memfdCreate("sealed-disk", Host.MFD_CLOEXEC | Host.MFD_ALLOW_SEALING);
    try {
      Host.ftruncate(sealed, SIZE);
      Host.seal(sealed, Host.F_SEAL_WRITE);
      start(Path.of("/proc/self/fd/" + sealed), CacheMode.WRITEBACK, false);
      long place = driver.allocate(512);
      for (int i = 0; i < 3; i++) {
        assertEquals(BlockRequest.IOERR, request(BlockRequest.OUT, i, out(place, 512)));
      }
      assertEquals(0, request(BlockRequest.IN, 1, in(place, 512)));
      assertEquals(1, log.size(), "said once");
      assertTrue(log.get(0).contains("Operation not permitted"), log::toString);
    } finally {
      Host.close(sealed);
    }
  }

  @Test
  void aResetDeviceIgnoresDoorbells() throws Exception {
    start();
    device.reset();
    queue.add(out(header(BlockRequest.IN, 0), 16), in(driver.allocate(513), 513));
    driver.kick(0);
    assertNull(queue.poll());
    assertNull(driver.broken);
  }

  @Test
  void noHeader() throws Exception {
    start();
    queue.add(out(header(BlockRequest.IN, 0), 15), in(driver.allocate(513), 513));
    driver.kick(0);
    assertTrue(driver.broken.contains("without header"), driver.broken);
  }

  @Test
  void noStatusByte() throws Exception {
    start();
    queue.add(out(header(BlockRequest.OUT, 0), 16), out(driver.allocate(512), 512));
    driver.kick(0);
    assertTrue(driver.broken.contains("without status byte"), driver.broken);
  }

  @Test
  void requestsBeforeABadOneAreCarriedOut() throws Exception {
    start();
    long place = driver.allocate(513);
    driver.ram.putByte(place + 512, (byte) 9);
    queue.add(out(header(BlockRequest.IN, 0), 16), in(place, 513));
    queue.expose(9999);
    driver.kick(0);
    assertTrue(driver.broken.contains("chain head"), driver.broken);
    assertEquals(0, driver.ram.getByte(place + 512));
    assertFalse(Arrays.equals(new byte[512], driver.get(place, 512)));
  }
}
