// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.lodger.virtio.FakeQueue.out;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.lodger.virtio.VirtQueue;

/** When what was written is on the disk, and not only in the page cache. */
class BlockDurabilityTest extends BlockTest {
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
}
