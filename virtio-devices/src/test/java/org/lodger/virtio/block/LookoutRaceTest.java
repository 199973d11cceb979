// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodger.virtio.FakeQueue.in;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lodger.virtio.DescriptorChain;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.VirtQueue;

/**
 * Driver and device on a thread each. The device looks out and holds interrupts back; the driver
 * works a little, sleeps when it has nothing to do, and is idle only then.
 */
@Timeout(60)
class LookoutRaceTest {
  private static final int CHAINS = 50_000;

  private final FakeDriver driver = new FakeDriver();
  private final Semaphore doorbell = new Semaphore(0);
  private final Semaphore interrupt = new Semaphore(0);
  private final AtomicBoolean idle = new AtomicBoolean();

  private final DeviceHost host =
      new DeviceHost() {
        @Override
        public void interruptQueues() {
          interrupt.release();
        }

        @Override
        public void configChanged() {}

        @Override
        public boolean guestIsIdle() {
          return idle.get();
        }

        @Override
        public void broken(String why) {}
      };

  @AfterEach
  void unmap() {
    driver.ram.close();
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "4, 0", "4, 500", "4, 100000"})
  void noAnswerIsHeldForEver(int depth, int workNanos) throws InterruptedException {
    int chains = workNanos > 10_000 ? 2_000 : CHAINS;
    FakeQueue queue = new FakeQueue(driver, 4, true);
    VirtQueue device = queue.device();
    Thread thread = new Thread(() -> serve(device, chains));
    thread.setDaemon(true);
    thread.start();
    long place = driver.allocate(8);
    int added = 0;
    for (int used = 0; used < chains; ) {
      while (added < chains && added - used < depth) {
        queue.add(in(place, 8));
        added++;
        if (queue.kickWanted()) {
          doorbell.release();
        }
        for (long end = System.nanoTime() + workNanos; System.nanoTime() < end; ) {
          Thread.onSpinWait();
        }
      }
      boolean any = false;
      while (queue.poll() != null) {
        used++;
        any = true;
      }
      if (!any) {
        idle.set(true);
        assertTrue(interrupt.tryAcquire(10, TimeUnit.SECONDS), "an interrupt was lost");
        idle.set(false);
      }
    }
    thread.join();
  }

  private void serve(VirtQueue queue, int chains) {
    Lookout lookout = new Lookout(queue, host, System::nanoTime);
    for (int done = 0; done < chains; ) {
      lookout.begin();
      do {
        queue.suppressNotifications();
        while (lookout.await()) {
          DescriptorChain chain = queue.next();
          queue.complete(chain, 8);
          done++;
          if (queue.publish()) {
            lookout.interrupt();
          }
        }
      } while (queue.requestNotifications());
      if (done < chains) {
        doorbell.acquireUninterruptibly();
      }
    }
  }
}
