// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.balloon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodger.virtio.FakeQueue.in;
import static org.lodger.virtio.FakeQueue.out;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.VirtQueue;

@Timeout(20)
class BalloonDeviceTest {
  private static final int PAGE = BalloonDevice.PAGE;
  private static final int INFLATE = 0;
  private static final int DEFLATE = 1;
  private static final int STATS = 2;
  private static final int REPORTING = 3;
  private static final long STATS_VQ = 1 << 1;

  private final FakeDriver driver = new FakeDriver();
  private final BalloonDevice device = new BalloonDevice(driver.ram);
  private final int ramPages = (int) (driver.ram.size() / PAGE);

  BalloonDeviceTest() {
    driver.start(device, VirtQueue.FEATURES | device.features());
  }

  @AfterEach
  void close() {
    driver.close();
  }

  private void fill(int firstPage, int pages) {
    byte[] ones = new byte[PAGE];
    Arrays.fill(ones, (byte) 1);
    for (int i = 0; i < pages; i++) {
      driver.ram.write((long) (firstPage + i) * PAGE, ones, 0, PAGE);
    }
  }

  private boolean isFull(int page) {
    return driver.ram.getByte((long) page * PAGE) == 1;
  }

  /** What the host keeps for the guest's memory, in pages. */
  private long hostPages() throws Exception {
    String file = "/proc/" + ProcessHandle.current().pid() + "/fd/" + driver.ram.fd();
    Process stat = new ProcessBuilder("stat", "-L", "-c", "%b", file).start();
    String blocks = new String(stat.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    return Long.parseLong(blocks.strip()) * 512 / PAGE;
  }

  private long list(int... frames) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * frames.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(frames);
    return driver.put(bytes.array());
  }

  private void inflate(int... frames) {
    driver.queue(INFLATE).add(out(list(frames), 4L * frames.length));
    driver.kick(INFLATE);
  }

  private void refused(String part) {
    assertNotNull(driver.broken, "accepted");
    assertTrue(driver.broken.contains(part), driver.broken);
  }

  @Test
  void inflatingGivesPagesBack() throws Exception {
    fill(2048, 1024);
    long before = hostPages();
    int[] frames = new int[256];
    for (int i = 0; i < frames.length; i++) {
      frames[i] = 2048 + 1023 - 4 * i; // downwards, one of four
    }
    inflate(frames);
    assertEquals(0, driver.queue(INFLATE).poll().length());
    assertEquals(1, driver.interrupts.get());
    assertEquals(before - 256, hostPages());
    for (int page = 2048; page < 2048 + 1024; page++) {
      assertEquals(page % 4 != 3, isFull(page), "page " + page);
    }
  }

  @Test
  void pagesComeBackByThemselves() {
    fill(2048, 1);
    inflate(2048);
    long place = list(2048);
    driver.queue(DEFLATE).add(out(place, 4));
    driver.kick(DEFLATE);
    assertNotNull(driver.queue(DEFLATE).poll());
    assertEquals(false, isFull(2048));
    fill(2048, 1);
    assertEquals(true, isFull(2048));
  }

  @Test
  void theSamePageTwice() {
    fill(100 + 2048, 3);
    inflate(2149, 2149, 2148, 2149);
    assertNull(driver.broken);
    assertTrue(!isFull(2148) && !isFull(2149) && isFull(2150));
  }

  @ParameterizedTest
  @ValueSource(ints = {4096, 4097, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
  void wildFramesTakeNothing(int frame) {
    assertEquals(4096, ramPages);
    fill(2048, 2);
    inflate(2048, frame, 2049);
    refused("outside RAM");
    assertTrue(isFull(2048) && isFull(2049), "a list is good or bad as a whole");
    assertNull(driver.queue(INFLATE).poll());
  }

  @Test
  void theLastPage() {
    fill(ramPages - 1, 1);
    inflate(ramPages - 1);
    assertNull(driver.broken);
    assertEquals(false, isFull(ramPages - 1));
  }

  @Test
  void halfAFrameNumber() {
    driver.queue(INFLATE).add(out(list(2048, 2049), 7));
    driver.kick(INFLATE);
    refused("7 bytes");
  }

  @Test
  void anEndlessList() {
    driver.queue(INFLATE).add(out(0, 8 << 20));
    driver.kick(INFLATE);
    refused("8388608 bytes");
  }

  @Test
  void aListToWriteTo() {
    driver.queue(INFLATE).add(in(list(2048), 4));
    driver.kick(INFLATE);
    refused("0 bytes");
  }

  @Test
  void reportedMemoryGoesBack() throws Exception {
    fill(1024, 2048);
    long before = hostPages();
    driver.queue(REPORTING).add(in(1024L * PAGE, 1024L * PAGE), in(2560L * PAGE, 512L * PAGE));
    driver.kick(REPORTING);
    assertEquals(0, driver.queue(REPORTING).poll().length());
    assertEquals(before - 1536, hostPages());
    assertTrue(!isFull(1024) && !isFull(2047) && isFull(2048) && isFull(2559) && !isFull(3071));
  }

  @Test
  void reportedPartsOfPagesStay() {
    fill(2048, 4);
    long start = 2048L * PAGE;
    driver.queue(REPORTING).add(in(start + 1, 3L * PAGE), in(start + 3L * PAGE + 8, 100));
    driver.kick(REPORTING);
    assertNull(driver.broken);
    assertTrue(isFull(2048) && !isFull(2049) && !isFull(2050) && isFull(2051));
    assertEquals(1, driver.ram.getByte(start + PAGE - 1));
  }

  @Test
  void aReportToReadFrom() {
    fill(2048, 1);
    driver.queue(REPORTING).add(out(2048L * PAGE, PAGE));
    driver.kick(REPORTING);
    refused("without writable bytes");
    assertTrue(isFull(2048));
  }

  @Test
  void theTargetIsInTheConfiguration() {
    device.setTarget(1000);
    assertEquals(1, driver.configChanges.get());
    byte[] expected = {(byte) 0xe8, 3, 0, 0, 0, 0, 0, 0};
    assertArrayEquals(expected, device.config());
    assertThrows(IllegalArgumentException.class, () -> device.setTarget(ramPages + 1));
    assertThrows(IllegalArgumentException.class, () -> device.setTarget(-1));
    assertEquals(1000, device.target());
  }

  @Test
  void theDriverSaysHowMuchThereIs() {
    device.configWritten(new byte[] {9, 9, 9, 9, 44, 1, 0, 0});
    assertEquals(300, device.actual());
    assertEquals(0, device.target());
    device.configWritten(new byte[] {0, 0, 0, 0, -1, -1, -1, -1});
    assertEquals(ramPages, device.actual());
    device.reset();
    assertEquals(0, device.actual());
  }

  @Test
  void withoutStatisticsReportsMoveUp() {
    device.reset();
    driver.start(device, VirtQueue.FEATURES | device.features() & ~STATS_VQ);
    fill(2048, 1);
    driver.queue(2).add(in(2048L * PAGE, PAGE));
    driver.kick(2);
    assertNotNull(driver.queue(2).poll());
    assertEquals(false, isFull(2048));
    driver.kick(3);
    assertNull(driver.broken);
  }

  @Test
  void asksForStatistics() throws Exception {
    FakeQueue stats = driver.queue(STATS);
    long place = driver.allocate(64);
    stats.add(out(place, 20));
    driver.kick(STATS);
    assertNull(stats.poll(), "the device keeps the buffer until it wants figures");
    CompletableFuture<Optional<BalloonStats>> asked =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return device.stats(10_000);
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    assertNotNull(stats.await());
    ByteBuffer answer = ByteBuffer.allocate(35).order(ByteOrder.LITTLE_ENDIAN);
    answer.putShort((short) 4).putLong(123_456).putShort((short) 5).putLong(1 << 24);
    answer.putShort((short) 999).putLong(7);
    driver.ram.write(place, answer.array(), 0, 35);
    stats.add(out(place, 35));
    driver.kick(STATS);
    assertEquals(Optional.of(new BalloonStats(123_456, 1 << 24, -1, -1)), asked.get());
    assertEquals(1, driver.interrupts.get());
  }

  @Test
  void noStatisticsFromASilentDriver() throws Exception {
    assertEquals(Optional.empty(), device.stats(30));
    driver.queue(STATS).add(out(driver.allocate(10), 10));
    driver.kick(STATS);
    assertEquals(Optional.empty(), device.stats(30));
    device.reset();
    assertEquals(Optional.empty(), device.stats(30_000));
  }

  @Test
  void twoBuffersOfStatistics() {
    driver.queue(STATS).add(out(driver.allocate(10), 10));
    driver.queue(STATS).add(out(driver.allocate(10), 10));
    driver.kick(STATS);
    refused("second buffer");
  }

  @Test
  void doorbellsWithoutQueues() {
    BalloonDevice bare = new BalloonDevice(driver.ram);
    bare.notified(0);
    bare.activate(device.features(), new VirtQueue[4], driver);
    for (int i = 0; i < 4; i++) {
      bare.notified(i);
    }
    bare.setTarget(5);
    bare.reset();
    bare.setTarget(6);
    assertEquals(1, driver.configChanges.get());
  }
}
