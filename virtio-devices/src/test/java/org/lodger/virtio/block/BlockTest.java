// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.lodger.virtio.FakeQueue.in;
import static org.lodger.virtio.FakeQueue.out;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.FakeQueue.Segment;
import org.lodger.virtio.VirtQueue;

/** A disk in a temporary file, and a driver that sends it one request after the other. */
@Timeout(20)
abstract class BlockTest {
  static final int SIZE = 1 << 20;

  final FakeDriver driver = new FakeDriver();
  final List<String> log = Collections.synchronizedList(new ArrayList<>());
  BlockDevice device;
  FakeQueue queue;
  Path path;

  @TempDir Path dir;

  @AfterEach
  void close() {
    driver.close();
  }

  void create(byte[] content) throws IOException {
    path = dir.resolve("disk.img");
    Files.write(path, content);
  }

  void start(CacheMode cache, boolean readOnly) {
    start(path, cache, readOnly);
  }

  void start(Path from, CacheMode cache, boolean readOnly) {
    DiskFile disk = DiskFile.open(from, readOnly, cache, log::add);
    device = new BlockDevice("vda", driver.ram, disk, "serial-1", log::add);
    driver.start(device, VirtQueue.FEATURES | device.features());
    queue = driver.queue(0);
  }

  void start() throws IOException {
    create(noise(SIZE));
    start(CacheMode.WRITEBACK, false);
  }

  static byte[] noise(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  long header(int type, long sector) {
    byte[] header =
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(0, type)
            .putLong(8, sector)
            .array();
    return driver.put(header);
  }

  /** Sends one request with some data segments and waits for its status. */
  int request(int type, long sector, Segment... data) throws InterruptedException {
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

  byte[] content() throws IOException {
    return Files.readAllBytes(path);
  }

  long range(long sector, int sectors, int flags) {
    return driver.put(
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(sector)
            .putInt(sectors)
            .putInt(flags)
            .array());
  }
}
