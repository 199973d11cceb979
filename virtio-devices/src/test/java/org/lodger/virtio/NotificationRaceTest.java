// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodger.virtio.FakeQueue.in;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Driver and device on a thread each, both asleep whenever the other asked for no wake-up. */
@Timeout(60)
class NotificationRaceTest {
  private static final int CHAINS = 200_000;

  private final FakeDriver driver = new FakeDriver();
  private final Semaphore doorbell = new Semaphore(0);
  private final Semaphore interrupt = new Semaphore(0);

  @AfterEach
  void unmap() {
    driver.ram.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void nobodySleepsForEver(boolean eventIdx) throws InterruptedException {
    FakeQueue queue = new FakeQueue(driver, 4, eventIdx);
    VirtQueue device = queue.device();
    Thread thread = new Thread(() -> serve(device));
    thread.setDaemon(true);
    thread.start();
    long place = driver.allocate(8);
    int added = 0;
    for (int used = 0; used < CHAINS; ) {
      while (added < CHAINS && added - used < 4) {
        queue.add(in(place, 8));
        added++;
        if (queue.kickWanted()) {
          doorbell.release();
        }
      }
      boolean any = false;
      while (queue.poll() != null) {
        used++;
        any = true;
      }
      if (!any) {
        assertTrue(interrupt.tryAcquire(10, TimeUnit.SECONDS), "an interrupt was lost");
      }
    }
    thread.join();
  }

  private void serve(VirtQueue queue) {
    for (int done = 0; done < CHAINS; ) {
      do {
        queue.suppressNotifications();
        for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
          queue.complete(chain, 8);
          done++;
        }
        if (queue.publish()) {
          interrupt.release();
        }
      } while (queue.requestNotifications());
      if (done < CHAINS) {
        doorbell.acquireUninterruptibly();
      }
    }
  }
}
