// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.rng;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodger.virtio.FakeQueue.in;
import static org.lodger.virtio.FakeQueue.out;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.VirtQueue;

@Timeout(10)
class RngDeviceTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeQueue queue;

  RngDeviceTest() {
    driver.start(new RngDevice(driver.ram), VirtQueue.FEATURES);
    queue = driver.queue(0);
  }

  @AfterEach
  void close() {
    driver.close();
  }

  @Test
  void fillsWhatIsAskedForAndNothingElse() {
    long a = driver.allocate(64);
    long gap = driver.allocate(16);
    long b = driver.allocate(64);
    byte[] first = null;
    for (int i = 0; i < 10; i++) {
      int head = queue.add(in(a, 64), in(b, 64));
      driver.kick(0);
      assertEquals(new FakeQueue.Used(head, 128), queue.poll());
      assertArrayEquals(new byte[16], driver.get(gap, 16));
      byte[] random = driver.get(a, 64);
      assertFalse(Arrays.equals(new byte[64], random));
      assertFalse(Arrays.equals(random, driver.get(b, 64)));
      assertFalse(Arrays.equals(random, first));
      first = random;
    }
    assertEquals(10, driver.interrupts.get());
  }

  @Test
  void aHugeRequestGetsALittle() {
    long place = driver.allocate(8 << 20);
    queue.add(in(place, 8 << 20));
    driver.kick(0);
    assertEquals(1 << 16, queue.poll().length());
    assertArrayEquals(new byte[64], driver.get(place + (1 << 16), 64));
  }

  @Test
  void aReadOnlyRequestBreaksIt() {
    queue.add(out(driver.allocate(8), 8));
    driver.kick(0);
    assertTrue(driver.broken.contains("without writable bytes"), driver.broken);
    assertNull(queue.poll());
  }

  @Test
  void doorbellWithoutQueue() {
    RngDevice device = new RngDevice(driver.ram);
    device.activate(0, new VirtQueue[1], driver);
    device.notified(0);
    assertNull(driver.broken);
  }
}
