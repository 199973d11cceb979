// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.VirtQueue;

@Timeout(20)
class NetDeviceTest {
  private static final int RECEIVE = 0;
  private static final int TRANSMIT = 1;
  private static final long MERGEABLE = VirtQueue.FEATURES | NetFeatures.MRG_RXBUF;
  private static final MacAddress MAC = MacAddress.parse("52:54:00:12:34:56");

  private final FakeBackend backend = new FakeBackend();
  private final List<String> log = new CopyOnWriteArrayList<>();
  private final FakeDriver driver = new FakeDriver();
  private final NetDevice device = new NetDevice("eth0", driver.ram, backend, MAC, 1400, log::add);

  @AfterEach
  void end() {
    driver.close();
    assertTrue(backend.closed);
  }

  private static byte[] frame(int bytes) {
    byte[] frame = new byte[NetHeader.BYTES + bytes];
    new Random(bytes).nextBytes(frame);
    Arrays.fill(frame, 0, NetHeader.BYTES, (byte) 0);
    return frame;
  }

  private void awaitTrue(java.util.function.BooleanSupplier what) throws InterruptedException {
    while (!what.getAsBoolean()) {
      Thread.sleep(1);
    }
  }

  @Test
  void tellsWhatItIs() {
    driver.start(device, MERGEABLE);
    assertEquals(1, device.deviceId());
    assertArrayEquals(
        new byte[] {0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0, 1, 0, 0x78, 5}, device.config());
    assertTrue((device.features() & NetFeatures.MTU) != 0);
  }

  @Test
  void sendsFramesSpreadInAnyWay() {
    driver.start(device, MERGEABLE);
    for (int split : new int[] {1, 5, 12, 13, 20}) {
      byte[] frame = frame(100 + split);
      long at = driver.put(frame);
      driver
          .queue(TRANSMIT)
          .add(FakeQueue.out(at, split), FakeQueue.out(at + split, frame.length - split));
      driver.kick(TRANSMIT);
      assertArrayEquals(frame, backend.sent.get(backend.sent.size() - 1));
      assertEquals(0, driver.queue(TRANSMIT).poll().length());
    }
  }

  @Test
  void dropsFramesThatAreNone() {
    driver.start(device, MERGEABLE);
    for (int bytes : new int[] {0, 1, 13, NetHeader.FRAME_MAX + 1}) {
      byte[] frame = frame(bytes);
      driver.queue(TRANSMIT).add(FakeQueue.out(driver.put(frame), frame.length));
      driver.kick(TRANSMIT);
      assertNotNull(driver.queue(TRANSMIT).poll());
    }
    assertEquals(0, backend.sentCount());
    assertNull(driver.broken);
  }

  @Test
  void frameWithoutHeaderBreaksTheDevice() {
    driver.start(device, MERGEABLE);
    driver.queue(TRANSMIT).add(FakeQueue.out(driver.allocate(16), 11));
    driver.kick(TRANSMIT);
    assertEquals("frame without a header", driver.broken);
  }

  @Test
  void buffersThatCannotBeWrittenBreakTheDevice() throws InterruptedException {
    driver.start(device, MERGEABLE);
    driver.queue(RECEIVE).add(FakeQueue.out(driver.allocate(2048), 2048));
    backend.incoming.add(frame(60));
    backend.change();
    awaitBroken("buffer for frames with readable bytes");
  }

  @Test
  void buffersTooSmallForAHeaderBreakTheDevice() throws InterruptedException {
    driver.start(device, MERGEABLE);
    driver.queue(RECEIVE).add(FakeQueue.in(driver.allocate(16), 11));
    driver.kick(RECEIVE);
    awaitBroken("buffer for frames of 11 bytes");
  }

  private void awaitBroken(String why) throws InterruptedException {
    awaitTrue(() -> driver.broken != null);
    assertEquals(why, driver.broken);
  }

  @Test
  void aLargeFrameGetsAsManyBuffersAsItNeeds() throws InterruptedException {
    driver.start(device, MERGEABLE | NetFeatures.GUEST_CSUM | NetFeatures.GUEST_TSO4);
    long[] at = new long[100];
    for (int i = 0; i < at.length; i++) {
      at[i] = driver.allocate(1526);
      driver.queue(RECEIVE).add(FakeQueue.in(at[i], 26), FakeQueue.in(at[i] + 26, 1500));
    }
    driver.kick(RECEIVE);
    byte[] big = frame(40000);
    byte[] small = frame(60);
    backend.incoming.add(big);
    backend.incoming.add(small);
    backend.change();
    int buffers = (big.length + 1525) / 1526;
    byte[] got = new byte[big.length];
    int position = 0;
    for (int i = 0; i < buffers; i++) {
      int length = driver.queue(RECEIVE).await().length();
      System.arraycopy(driver.get(at[i], length), 0, got, position, length);
      position += length;
    }
    assertEquals(big.length, position);
    assertEquals(buffers, got[NetHeader.NUM_BUFFERS]);
    got[NetHeader.NUM_BUFFERS] = 0;
    assertArrayEquals(big, got);
    assertEquals(small.length, driver.queue(RECEIVE).await().length());
    assertEquals(1, driver.ram.getShort(at[buffers] + NetHeader.NUM_BUFFERS));
  }

  @Test
  void withoutMergingAFrameThatDoesNotFitIsLost() throws InterruptedException {
    driver.start(device, VirtQueue.FEATURES);
    for (int i = 0; i < 4; i++) {
      driver.queue(RECEIVE).add(FakeQueue.in(driver.allocate(1526), 1526));
    }
    driver.kick(RECEIVE);
    backend.incoming.add(frame(1515));
    backend.incoming.add(frame(1514));
    backend.change();
    assertEquals(1526, driver.queue(RECEIVE).await().length());
    assertNull(driver.queue(RECEIVE).poll());
  }

  @Test
  void framesWaitForBuffers() throws InterruptedException {
    driver.start(device, VirtQueue.FEATURES);
    for (int i = 0; i < 300; i++) {
      backend.incoming.add(frame(60 + i));
    }
    backend.change();
    for (int i = 0; i < 300; i++) {
      driver.queue(RECEIVE).add(FakeQueue.in(driver.allocate(1526), 1526));
      if (driver.queue(RECEIVE).kickWanted()) {
        driver.kick(RECEIVE);
      }
      assertEquals(72 + i, driver.queue(RECEIVE).await().length());
    }
  }

  @Test
  void aFullBackEndHoldsUpTheQueueAndNothingIsLost() throws InterruptedException {
    driver.start(device, MERGEABLE);
    backend.full = true;
    for (int i = 0; i < 20; i++) {
      byte[] frame = frame(60 + i);
      driver.queue(TRANSMIT).add(FakeQueue.out(driver.put(frame), frame.length));
    }
    driver.kick(TRANSMIT);
    assertNull(driver.queue(TRANSMIT).poll());
    backend.full = false;
    backend.change();
    awaitTrue(() -> backend.sentCount() == 20);
    for (int i = 0; i < 20; i++) {
      assertEquals(72 + i, backend.sent.get(i).length);
      driver.queue(TRANSMIT).await();
    }
  }

  @Test
  void anEndedBackEndTakesTheLinkDownAndTheGuestGoesOn() throws InterruptedException {
    driver.start(device, MERGEABLE);
    backend.ended = "the cable is cut";
    backend.change();
    awaitTrue(() -> driver.configChanges.get() == 1);
    assertEquals(0, device.config()[6]);
    for (int i = 0; i < 10; i++) {
      byte[] frame = frame(60);
      driver.queue(TRANSMIT).add(FakeQueue.out(driver.put(frame), frame.length));
      driver.kick(TRANSMIT);
      driver.queue(TRANSMIT).await();
    }
    assertEquals(List.of("eth0: the cable is cut; the guest's link is down"), log);
    device.reset();
    driver.start(device, MERGEABLE);
    byte[] frame = frame(60);
    driver.queue(TRANSMIT).add(FakeQueue.out(driver.put(frame), frame.length));
    driver.kick(TRANSMIT);
    driver.queue(TRANSMIT).await();
    assertEquals(1, log.size());
  }

  @Test
  void framesUnderWayAtAResetDoNoHarm() {
    for (int i = 0; i < 20; i++) {
      driver.start(device, MERGEABLE);
      driver.queue(RECEIVE).add(FakeQueue.in(driver.allocate(4096), 4096));
      backend.incoming.add(frame(60));
      backend.full = i % 2 == 0;
      byte[] frame = frame(60);
      driver.queue(TRANSMIT).add(FakeQueue.out(driver.put(frame), frame.length));
      driver.kick(TRANSMIT);
      backend.change();
      device.reset();
      int sent = backend.sentCount();
      byte[] ring = driver.get(driver.queue(RECEIVE).used, 64);
      backend.full = false;
      backend.incoming.add(frame(60));
      device.notified(TRANSMIT);
      assertEquals(sent, backend.sentCount());
      assertArrayEquals(ring, driver.get(driver.queue(RECEIVE).used, 64));
    }
    assertFalse(backend.closed);
  }
}
