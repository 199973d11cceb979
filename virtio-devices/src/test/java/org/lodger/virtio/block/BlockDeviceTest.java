// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodger.virtio.FakeQueue.in;
import static org.lodger.virtio.FakeQueue.out;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lodger.hypercall.GuestMemory;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.FakeQueue.Segment;
import org.lodger.virtio.VirtQueue;

class BlockDeviceTest extends BlockTest {
  private long allocated() throws Exception {
    Process stat = new ProcessBuilder("stat", "-c", "%b", path.toString()).start();
    return Long.parseLong(new String(stat.getInputStream().readAllBytes()).trim()) * 512;
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
    assertArrayEquals(Arrays.copyOf(before, SIZE - 1024), Arrays.copyOf(content(), SIZE - 1024));
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
        long at =
            random.nextBoolean()
                ? buffers[slot] + 512 - buffers[slot] % 512
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
        int head =
            random.nextBoolean()
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
              Arrays.copyOfRange(model, read[0], read[0] + read[2]), driver.get(read[1], read[2]));
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
    assertEquals(0, request(BlockRequest.WRITE_ZEROES, 0, out(first, 16), out(second, 16)));
    assertArrayEquals(expected, content());
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
}
