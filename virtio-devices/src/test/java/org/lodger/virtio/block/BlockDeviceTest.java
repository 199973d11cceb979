// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.lodger.virtio.FakeQueue.in;
import static org.lodger.virtio.FakeQueue.out;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.FakeQueue.Segment;
import org.lodger.virtio.VirtQueue;

@Timeout(20)
class BlockDeviceTest {
  private static final int SIZE = 1 << 20;

  private final FakeDriver driver = new FakeDriver();
  private final List<String> log = Collections.synchronizedList(new ArrayList<>());
  private BlockDevice device;
  private FakeQueue queue;
  private Path path;

  @TempDir Path dir;

  @AfterEach
  void close() {
    driver.close();
  }

  private void create(byte[] content) throws IOException {
    path = dir.resolve("disk.img");
    Files.write(path, content);
  }

  private void start(CacheMode cache, boolean readOnly) {
    start(path, cache, readOnly);
  }

  private void start(Path from, CacheMode cache, boolean readOnly) {
    DiskFile disk = DiskFile.open(from, readOnly, cache, log::add);
    device = new BlockDevice("vda", driver.ram, disk, "serial-1", log::add);
    driver.start(device, VirtQueue.FEATURES | device.features());
    queue = driver.queue(0);
  }

  private void start() throws IOException {
    create(noise(SIZE));
    start(CacheMode.WRITEBACK, false);
  }

  private static byte[] noise(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private long header(int type, long sector) {
    byte[] header =
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(0, type)
            .putLong(8, sector)
            .array();
    return driver.put(header);
  }

  /** Sends one request with some data segments and waits for its status. */
  private int request(int type, long sector, Segment... data) throws InterruptedException {
    long status = driver.allocate(1);
    driver.ram.putByte(status, (byte) 0xff);
    Segment[] all = new Segment[data.length + 2];
    all[0] = out(header(type, sector), 16);
    System.arraycopy(data, 0, all, 1, data.length);
    all[all.length - 1] = in(status, 1);
    int head = queue.add(all);
    if (queue.kickWanted()) {
      driver.kick(0);
    }
    assertEquals(head, queue.await().head());
    return driver.ram.getByte(status);
  }

  private byte[] content() throws IOException {
    return Files.readAllBytes(path);
  }

  private long allocated() throws Exception {
    Process stat = new ProcessBuilder("stat", "-c", "%b", path.toString()).start();
    return Long.parseLong(new String(stat.getInputStream().readAllBytes()).trim()) * 512;
  }

  private long range(long sector, int sectors, int flags) {
    return driver.put(
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(sector)
            .putInt(sectors)
            .putInt(flags)
            .array());
  }

  @Test
  void configSpace() throws IOException {
    start();
    ByteBuffer config = ByteBuffer.wrap(device.config()).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(SIZE / 512, config.getLong(0));
    assertEquals(254, config.getInt(12));
    assertEquals(512, config.getInt(20));
    assertEquals(60, device.config().length);
  }

  @Test
  void readsAndWritesAcrossSegments() throws Exception {
    start();
    byte[] before = content();
    long place = driver.allocate(4096);
    assertEquals(0, request(BlockRequest.IN, 3, in(place, 100), in(place + 1000, 1436)));
    assertArrayEquals(Arrays.copyOfRange(before, 1536, 1636), driver.get(place, 100));
    assertArrayEquals(Arrays.copyOfRange(before, 1636, 3072), driver.get(place + 1000, 1436));

    byte[] data = noise(1024);
    long from = driver.put(data);
    assertEquals(0, request(BlockRequest.OUT, SIZE / 512 - 2, out(from, 1), out(from + 1, 1023)));
    assertArrayEquals(data, Arrays.copyOfRange(content(), SIZE - 1024, SIZE));
    assertArrayEquals(
        Arrays.copyOf(before, SIZE - 1024), Arrays.copyOf(content(), SIZE - 1024));
  }

  @Test
  void anyLayoutOfTheChain() throws Exception {
    start();
    byte[] data = noise(512);
    byte[] message =
        ByteBuffer.allocate(528)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(0, BlockRequest.OUT)
            .putLong(8, 7)
            .position(16)
            .put(data)
            .array();
    long at = driver.put(message);
    long status = driver.put(new byte[] {9});
    queue.add(out(at, 5), out(at + 5, 300), out(at + 305, 223), in(status, 1));
    driver.kick(0);
    queue.await();
    assertEquals(0, driver.ram.getByte(status));
    assertArrayEquals(data, Arrays.copyOfRange(content(), 7 * 512, 8 * 512));

    long place = driver.allocate(513);
    driver.ram.putByte(place + 512, (byte) 9);
    queue.add(out(header(BlockRequest.IN, 7), 16), in(place, 513));
    driver.kick(0);
    assertEquals(513, queue.await().length());
    assertArrayEquals(data, driver.get(place, 512));
    assertEquals(0, driver.ram.getByte(place + 512));
  }

  /** Many overlapping requests of all sizes and alignments against a model in memory. */
  @ParameterizedTest
  @EnumSource(CacheMode.class)
  void manyRequestsAtOnce(CacheMode cache) throws Exception {
    byte[] model = noise(SIZE);
    create(model);
    start(cache, false);
    Random random = new Random(1);
    int slots = 32;
    int region = SIZE / 512 / slots;
    long table = driver.allocate(16 * 4 * slots);
    long[] buffers = new long[slots];
    long[] headers = new long[slots];
    for (int i = 0; i < slots; i++) {
      buffers[i] = driver.allocate(region * 512 + 4096 & ~511);
      headers[i] = driver.allocate(17);
    }
    // Each slot has its own part of the disk, so that the model knows what a read must find.
    Map<Integer, Integer> slotOf = new HashMap<>();
    Map<Integer, int[]> reads = new HashMap<>();
    List<Integer> idle = new ArrayList<>();
    for (int i = 0; i < slots; i++) {
      idle.add(i);
    }
    for (int done = 0; done < 3000; ) {
      while (!idle.isEmpty() && random.nextInt(8) > 0) {
        int slot = idle.remove(random.nextInt(idle.size()));
        int sector = random.nextInt(region);
        int sectors = 1 + random.nextInt(region - sector);
        int bytes = sectors * 512;
        int position = (slot * region + sector) * 512;
        long at = random.nextBoolean() ? buffers[slot] + 512 - buffers[slot] % 512
            : buffers[slot] + random.nextInt(512);
        boolean write = random.nextBoolean();
        driver.ram.putInt(headers[slot], write ? BlockRequest.OUT : BlockRequest.IN);
        driver.ram.putLong(headers[slot] + 8, position / 512);
        driver.ram.putByte(headers[slot] + 16, (byte) 0xff);
        if (write) {
          byte[] data = new byte[bytes];
          random.nextBytes(data);
          System.arraycopy(data, 0, model, position, bytes);
          driver.ram.write(at, data, 0, bytes);
        }
        int cut = 1 + random.nextInt(bytes - 1);
        Segment[] segments = {
          out(headers[slot], 16),
          new Segment(at, cut, !write),
          new Segment(at + cut, bytes - cut, !write),
          in(headers[slot] + 16, 1),
        };
        int head = random.nextBoolean()
            ? queue.add(segments)
            : queue.addIndirect(table + 64L * slot, segments);
        slotOf.put(head, slot);
        if (!write) {
          reads.put(slot, new int[] {position, (int) at, bytes});
        }
        if (queue.kickWanted()) {
          driver.kick(0);
        }
      }
      for (FakeQueue.Used used = queue.poll(); used != null; used = queue.poll(), done++) {
        int slot = slotOf.remove(used.head());
        assertEquals(0, driver.ram.getByte(headers[slot] + 16));
        int[] read = reads.remove(slot);
        if (read != null) {
          assertArrayEquals(
              Arrays.copyOfRange(model, read[0], read[0] + read[2]),
              driver.get(read[1], read[2]));
        }
        idle.add(slot);
      }
    }
    device.reset();
    assertArrayEquals(model, content());
    assertTrue(log.isEmpty() || cache == CacheMode.NONE, log::toString);
  }

  @Test
  void identity() throws Exception {
    start();
    long place = driver.put(noise(24));
    byte[] behind = driver.get(place + 20, 4);
    assertEquals(0, request(BlockRequest.GET_ID, 0, in(place, 20)));
    assertArrayEquals(Arrays.copyOf("serial-1".getBytes(), 20), driver.get(place, 20));
    assertArrayEquals(behind, driver.get(place + 20, 4));
  }

  @Test
  void serialTooLong() throws IOException {
    create(new byte[512]);
    try (DiskFile disk = DiskFile.open(path, false, CacheMode.WRITEBACK, log::add)) {
      assertThrows(
          DiskException.class,
          () -> new BlockDevice("vda", driver.ram, disk, "123456789012345678901", log::add));
    }
  }

  /** Whether the host has given the disk's blocks a place, which it does when it writes them. */
  private boolean isOnDisk() throws Exception {
    Path tool = Path.of("/usr/sbin/filefrag");
    assumeTrue(Files.isExecutable(tool));
    Process filefrag = new ProcessBuilder(tool.toString(), "-v", path.toString()).start();
    String extents = new String(filefrag.getInputStream().readAllBytes());
    assumeTrue(filefrag.waitFor() == 0 && extents.contains("length"), "filefrag works here");
    return !extents.contains("delalloc");
  }

  private void sparse() throws IOException {
    create(new byte[0]);
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(SIZE);
    }
  }

  @Test
  void aFlushReachesTheDisk() throws Exception {
    sparse();
    start(CacheMode.WRITEBACK, false);
    assertEquals(0, request(BlockRequest.OUT, 8, out(driver.put(noise(4096)), 4096)));
    assumeTrue(!isOnDisk(), "this file system shows what it has not written yet");
    assertEquals(0, request(BlockRequest.FLUSH, 0));
    assertTrue(isOnDisk());
  }

  @Test
  void writingThroughReachesTheDisk() throws Exception {
    sparse();
    start(CacheMode.WRITETHROUGH, false);
    assertEquals(0, request(BlockRequest.OUT, 8, out(driver.put(noise(4096)), 4096)));
    assertTrue(isOnDisk());
  }

  @Test
  void aDriverThatCannotFlushNeedNot() throws Exception {
    sparse();
    start(CacheMode.WRITEBACK, false);
    device.reset();
    driver.start(device, VirtQueue.FEATURES);
    queue = driver.queue(0);
    assertEquals(0, request(BlockRequest.OUT, 8, out(driver.put(noise(4096)), 4096)));
    assertTrue(isOnDisk());
  }

  @Test
  void whichCacheTheDriverSees() throws IOException {
    create(new byte[512]);
    long flush = 1 << 9;
    start(CacheMode.WRITEBACK, false);
    assertEquals(flush, device.features() & flush);
    device.close();
    start(CacheMode.WRITETHROUGH, false);
    assertEquals(0, device.features() & flush);
  }

  @Test
  void discardMakesAHole() throws Exception {
    start();
    long before = allocated();
    long ranges = range(8, 1024, 0);
    assertEquals(0, request(BlockRequest.DISCARD, 0, out(ranges, 16)));
    assertTrue(allocated() <= before - 512 * 1024, "host memory was given back");
    assertArrayEquals(new byte[1024 * 512], Arrays.copyOfRange(content(), 4096, 4096 + 524288));
    assertEquals(SIZE, content().length);
  }

  @Test
  void writeZeroes() throws Exception {
    start();
    byte[] expected = content();
    Arrays.fill(expected, 512, 3 * 512, (byte) 0);
    Arrays.fill(expected, 8192, 16384, (byte) 0);
    long first = range(1, 2, 0);
    long second = range(16, 16, 1);
    assertEquals(
        0, request(BlockRequest.WRITE_ZEROES, 0, out(first, 16), out(second, 16)));
    assertArrayEquals(expected, content());
  }

  @Test
  void badRanges() throws Exception {
    start();
    byte[] before = content();
    int sectors = SIZE / 512;
    long[][] bad = {
      {sectors, 1, 0}, {0, sectors + 1, 0}, {-1, 1, 0}, {Long.MAX_VALUE, 1, 0},
      {sectors - 1, 2, 0}, {0, -1, 0}, {0, Integer.MAX_VALUE, 0},
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
  void sixteenGigabytesInOneRequest() throws Exception {
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
  void aHostThatCannotZeroARange() throws Exception {
    try (GuestMemory memfd = GuestMemory.create("disk", SIZE)) {
      start(Path.of("/proc/self/fd/" + memfd.fd()), CacheMode.WRITEBACK, false);
      memfd.write(0, noise(SIZE), 0, SIZE);
      assertEquals(0, request(BlockRequest.WRITE_ZEROES, 0, out(range(1, 2046, 0), 16)));
      byte[] expected = noise(SIZE);
      Arrays.fill(expected, 512, SIZE - 512, (byte) 0);
      byte[] now = new byte[SIZE];
      memfd.read(0, now, 0, SIZE);
      assertArrayEquals(expected, now);
    }
  }

  @Test
  void resetWaitsForWhatIsInFlight() throws Exception {
    start();
    byte[] data = noise(512 * 1024);
    long from = driver.put(data);
    for (int round = 0; round < 50; round++) {
      long status = driver.allocate(1);
      Arrays.fill(data, (byte) round);
      driver.ram.write(from, data, 0, data.length);
      queue.add(out(header(BlockRequest.OUT, 0), 16), out(from, data.length), in(status, 1));
      driver.kick(0);
      device.reset();
      assertEquals(1, queue.poll() == null ? 0 : 1);
      assertEquals(round, content()[data.length - 1]);
      driver.start(device, VirtQueue.FEATURES | device.features());
      queue = driver.queue(0);
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
