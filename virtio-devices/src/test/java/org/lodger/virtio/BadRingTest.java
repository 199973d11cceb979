// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodger.virtio.FakeQueue.INDIRECT;
import static org.lodger.virtio.FakeQueue.NEXT;
import static org.lodger.virtio.FakeQueue.WRITE;
import static org.lodger.virtio.FakeQueue.in;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodger.hypercall.GuestMemory;

/** What a driver may never put into a queue. */
@Timeout(10)
class BadRingTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeQueue queue = new FakeQueue(driver, 8, true);
  private final VirtQueue device = queue.device();
  private final long place = driver.allocate(4096);
  private final long end = driver.ram.size();

  @AfterEach
  void unmap() {
    driver.ram.close();
  }

  private void refused(String part) {
    String why = assertThrows(BadRingException.class, device::next).getMessage();
    assertTrue(why.contains(part), why);
  }

  @Test
  void headOutsideTheTable() {
    queue.expose(8);
    refused("chain head 8");
  }

  @Test
  void nextOutsideTheTable() {
    queue.descriptor(0, place, 1, NEXT, 0xffff);
    queue.expose(0);
    refused("descriptor 65535 in a table of 8");
  }

  @Test
  void loopOfOne() {
    queue.descriptor(3, place, 1, NEXT, 3);
    queue.expose(3);
    refused("loops");
  }

  @Test
  void loopOfAll() {
    for (int i = 0; i < 8; i++) {
      queue.descriptor(i, place, 1, NEXT, (i + 1) % 8);
    }
    queue.expose(0);
    refused("loops");
  }

  @Test
  void aFullTableIsNoLoop() {
    for (int i = 0; i < 8; i++) {
      queue.descriptor(i, place, 1, i < 7 ? NEXT : 0, i + 1);
    }
    queue.expose(0);
    assertEquals(8, device.next().readableBytes());
  }

  @Test
  void loopInATable() {
    queue.descriptorAt(place, place, 1, NEXT, 0);
    queue.descriptor(0, place, 16, INDIRECT, 0);
    queue.expose(0);
    refused("loops");
  }

  @Test
  void tableLongerThanTheQueue() {
    for (int i = 0; i < 9; i++) {
      queue.descriptorAt(place + 16L * i, place, 1, i < 8 ? NEXT : 0, i + 1);
    }
    queue.descriptor(0, place, 16 * 9, INDIRECT, 0);
    queue.expose(0);
    refused("longer than 8");
  }

  @Test
  void nestedTable() {
    queue.descriptorAt(place, place, 16, INDIRECT, 0);
    queue.descriptor(0, place, 16, INDIRECT, 0);
    queue.expose(0);
    refused("nested");
  }

  @Test
  void continuedTable() {
    queue.descriptor(0, place, 16, INDIRECT | NEXT, 1);
    queue.expose(0);
    refused("continued");
  }

  @Test
  void brokenTableSizes() {
    for (long length : new long[] {0, 8, 17}) {
      queue.descriptor(0, place, length, INDIRECT, 0);
      queue.expose(0);
      refused("indirect table of " + length);
      queue.jump(-1);
    }
  }

  @Test
  void tableOutsideRam() {
    queue.descriptor(0, end, 16, INDIRECT, 0);
    queue.expose(0);
    refused("outside RAM");
  }

  @Test
  void wildAddresses() {
    long[][] ranges = {
      {end, 1},
      {end - 1, 2},
      {-1, 1},
      {-4096, 8192},
      {Long.MIN_VALUE, 1},
      {Long.MAX_VALUE, 1},
      {place, 0xffffffffL},
      {0, end + 1},
      {0x700040000000L, 64},
    };
    for (long[] range : ranges) {
      for (int flags : new int[] {0, WRITE}) {
        queue.descriptor(0, range[0], range[1], flags, 0);
        queue.expose(0);
        refused("outside RAM");
        queue.jump(-1);
      }
    }
  }

  @Test
  void theLastByteIsInside() {
    queue.add(in(end - 1, 1));
    assertEquals(1, device.next().writableBytes());
  }

  @Test
  void emptyDescriptor() {
    queue.descriptor(0, place, 0, 0, 0);
    queue.expose(0);
    refused("empty");
  }

  @Test
  void readableAfterWritable() {
    queue.descriptor(0, place, 1, WRITE | NEXT, 1);
    queue.descriptor(1, place, 1, 0, 0);
    queue.expose(0);
    refused("readable after writable");
  }

  @Test
  void jumpingIndex() {
    queue.jump(9);
    refused("jumped");
  }

  @Test
  void indexThatGoesBack() {
    queue.add(in(place, 1));
    assertNotNull(device.next());
    queue.jump(-1);
    refused("jumped");
    assertThrows(BadRingException.class, device::requestNotifications);
  }

  @Test
  void sameChainTwice() {
    queue.add(in(place, 1));
    DescriptorChain chain = device.next();
    queue.descriptor(chain.head(), place, 2, WRITE, 0);
    queue.expose(chain.head());
    refused("while in flight");
    assertEquals(1, chain.writableBytes(), "the chain in flight is untouched");
  }

  @Test
  void unalignedRings() {
    refusedRings(8, 4096 + 8, 8192, 16384);
    refusedRings(8, 4096, 8193, 16384);
    refusedRings(8, 4096, 8192, 16386);
  }

  @Test
  void ringsOutsideRam() {
    refusedRings(8, end - 112, 8192, 16384);
    refusedRings(8, 4096, end - 20, 16384);
    refusedRings(8, 4096, 8192, end - 68);
    refusedRings(8, -4096, 8192, 16384);
    refusedRings(8, 4096, Long.MIN_VALUE, 16384);
    refusedRings(32768, end - 32768, 8192, 16384);
  }

  @Test
  void queueSizes() {
    refusedRings(0, 4096, 8192, 16384);
    refusedRings(-8, 4096, 8192, 16384);
    refusedRings(6, 4096, 8192, 16384);
    refusedRings(65536, 4096, 8192, 16384);
  }

  private void refusedRings(int size, long desc, long avail, long used) {
    GuestMemory ram = driver.ram;
    assertThrows(BadRingException.class, () -> new VirtQueue(ram, size, desc, avail, used, true));
  }
}
