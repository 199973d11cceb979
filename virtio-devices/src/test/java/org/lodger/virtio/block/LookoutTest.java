// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodger.virtio.FakeQueue.in;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.VirtQueue;

@Timeout(20)
class LookoutTest {
  private final FakeDriver driver = new FakeDriver();
  private final FakeQueue queue = new FakeQueue(driver, 4, true);
  private final VirtQueue device = queue.device();
  private final Lookout lookout = new Lookout(device, driver, this::clock);
  private long now = -1_000_000;
  private long step = 1_000;
  private final long place = driver.allocate(8);

  private long clock() {
    return now += step;
  }

  @AfterEach
  void unmap() {
    driver.ram.close();
  }

  @Test
  void anIdleGuestIsInterruptedAtOnce() {
    lookout.begin();
    lookout.interrupt();
    assertEquals(1, driver.interrupts.get());
    assertFalse(lookout.await());
    assertEquals(1, driver.interrupts.get());
  }

  @Test
  void aBusyGuestGetsOneInterruptForSeveralAnswers() {
    driver.idle = false;
    lookout.begin();
    lookout.interrupt();
    queue.add(in(place, 8));
    assertTrue(lookout.await());
    lookout.interrupt();
    assertEquals(0, driver.interrupts.get());
    device.next();
    assertFalse(lookout.await(), "there is nothing more");
    assertEquals(1, driver.interrupts.get(), "before the thread sleeps");
  }

  @Test
  void aGuestThatFallsIdleIsInterruptedBeforeTheTimeIsUp() {
    driver.idle = false;
    lookout.begin();
    lookout.interrupt();
    driver.idle = true;
    queue.add(in(place, 8));
    assertTrue(lookout.await());
    assertEquals(1, driver.interrupts.get());
  }

  /** A guest that neither sleeps nor stops asking still hears of its answers. */
  @Test
  void nothingIsHeldForLong() {
    driver.idle = false;
    lookout.begin();
    queue.add(in(place, 8));
    long end = now + 200 * Lookout.HOLD_NANOS;
    while (now < end) {
      if (!lookout.await()) {
        lookout.begin();
        continue;
      }
      device.complete(device.next(), 8);
      if (device.publish()) {
        lookout.interrupt();
      }
      queue.poll();
      queue.add(in(place, 8));
    }
    assertTrue(driver.interrupts.get() >= 100, driver.interrupts + " interrupts");
  }

  @Test
  void aThreadThatSharesItsCpuDoesNotLook() {
    lookout.begin();
    step = 30_000;
    long before = now;
    assertFalse(lookout.await());
    assertTrue(now - before <= 2 * step, "looked on for " + (now - before) + " ns");
  }

  /** Several requests behind one doorbell, by a thread that will sleep as soon as they are done. */
  @Test
  void whatIsQueuedIsAnsweredTogether() {
    lookout.begin();
    assertFalse(lookout.await());
    driver.idle = false;
    lookout.begin();
    for (int i = 0; i < 3; i++) {
      queue.add(in(place, 8));
    }
    for (int i = 0; i < 3; i++) {
      assertEquals(0, driver.interrupts.get());
      assertTrue(lookout.await());
      device.complete(device.next(), 8);
      if (device.publish()) {
        lookout.interrupt();
      }
    }
    assertFalse(lookout.await());
    assertEquals(1, driver.interrupts.get());
  }

  @Test
  void whatDoesNotPayIsLeftOut() {
    driver.idle = false;
    lookout.begin();
    assertFalse(lookout.await());
    lookout.begin();
    lookout.interrupt();
    assertEquals(1, driver.interrupts.get(), "held without anybody who looks after it");
    assertFalse(lookout.await());
  }

  /** Who spins on a CPU that others wait for is stopped for milliseconds when it is needed most. */
  @Test
  void evictedItStaysAsleepForAWhile() {
    lookout.begin();
    step = 2_000_000;
    assertFalse(lookout.await());
    step = 1_000;
    for (int i = 0; i < 64; i++) {
      long before = now;
      lookout.begin();
      lookout.await();
      assertEquals(before, now, "it looked at doorbell " + i);
    }
    long before = now;
    lookout.begin();
    lookout.await();
    assertTrue(now > before, "it never looks again");
  }
}
