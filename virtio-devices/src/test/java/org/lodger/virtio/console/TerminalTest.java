// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.console;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodger.virtio.FakeQueue.in;
import static org.lodger.virtio.FakeQueue.out;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.VirtQueue;

@Timeout(20)
class TerminalTest {
  private final SlowOutput output = new SlowOutput();
  private final ConsolePort port = new ConsolePort("hvc0", output);
  private final ConsoleDevice device = ConsoleDevice.terminal("console", port);
  private final FakeDriver driver = new FakeDriver(device, VirtQueue.FEATURES | device.features());
  private final FakeQueue receive = driver.queue(0);
  private final FakeQueue transmit = driver.queue(1);

  @AfterEach
  void close() {
    output.unblock();
    driver.close();
  }

  private static byte[] noise(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private CompletableFuture<Boolean> send(byte[] bytes) {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    new Thread(
            () -> {
              try {
                done.complete(port.send(bytes, 0, bytes.length));
              } catch (InterruptedException | RuntimeException e) {
                done.completeExceptionally(e);
              }
            })
        .start();
    return done;
  }

  /** Gives one receive buffer at a time until {@code length} bytes came. */
  private byte[] receive(int length, int bufferLength) throws InterruptedException {
    ByteArrayOutputStream got = new ByteArrayOutputStream();
    long place = driver.allocate(bufferLength);
    while (got.size() < length) {
      receive.add(in(place, bufferLength));
      if (receive.kickWanted()) {
        driver.kick(0);
      }
      got.writeBytes(driver.get(place, receive.await().length()));
    }
    return got.toByteArray();
  }

  @Test
  void writesReachTheHostInOrder() throws InterruptedException {
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      String line = "line " + i + "\n";
      all.append(line).append("more\n");
      transmit.add(out(driver.put(line), line.length()), out(driver.put("more\n"), 5));
      driver.kick(1);
      // The driver may spin on this: it must not depend on the host's writer.
      assertEquals(0, transmit.poll().length());
    }
    output.await(all.length());
    assertEquals(all.toString(), output.text());
    assertTrue(driver.interrupts.get() > 0);
  }

  @Test
  void aBlockedHostHoldsTheGuestBackAndLosesNothing() throws InterruptedException {
    output.block();
    byte[] data = noise(200_000);
    long place = driver.put(data);
    for (int at = 0; at < data.length; at += 10_000) {
      transmit.add(out(place + at, 10_000));
      driver.kick(1);
    }
    int taken = 0;
    while (transmit.poll() != null) {
      taken++;
    }
    assertEquals(6, taken, "as much as 64 KiB hold");
    output.unblock();
    assertArrayEquals(data, output.await(data.length));
    for (; taken < 20; taken++) {
      assertNotNull(transmit.await());
    }
  }

  @Test
  void aChainLargerThanTheBuffer() throws InterruptedException {
    byte[] data = noise(300_001);
    int head = transmit.add(out(driver.put(data), data.length));
    driver.kick(1);
    assertArrayEquals(data, output.await(data.length));
    assertEquals(new FakeQueue.Used(head, 0), transmit.await());
  }

  @Test
  void aFailedHostDoesNotStopTheGuest() throws InterruptedException {
    output.fail();
    long place = driver.allocate(60_000);
    for (int i = 0; i < 10; i++) {
      transmit.add(out(place, 60_000));
      driver.kick(1);
      assertNotNull(transmit.await());
    }
  }

  @Test
  void aSendWaitsForBuffersAndLosesNothing() throws Exception {
    byte[] data = noise(50_000);
    CompletableFuture<Boolean> sent = send(data);
    assertFalse(sent.isDone());
    assertArrayEquals(data, receive(data.length, 777));
    assertTrue(sent.get());
  }

  @Test
  void aSendFillsManyBuffersAtOnce() throws Exception {
    long place = driver.allocate(1024);
    for (int i = 0; i < 8; i++) {
      receive.add(in(place + 128 * i, 100), in(place + 128 * i + 100, 28));
    }
    byte[] data = noise(1000);
    assertTrue(port.send(data, 0, data.length));
    assertArrayEquals(data, driver.get(place, 1000));
    for (int i = 0; i < 8; i++) {
      assertEquals(i < 7 ? 128 : 104, receive.poll().length());
    }
    assertEquals(1, driver.interrupts.get(), "one interrupt for the batch");
  }

  @Test
  void closingEndsASend() throws Exception {
    CompletableFuture<Boolean> sent = send(noise(10));
    driver.close();
    assertFalse(sent.get());
  }

  @Test
  void closingWritesOutWhatTheGuestSent() {
    output.block();
    byte[] data = noise(300_000);
    transmit.add(out(driver.put(data), data.length));
    transmit.add(out(driver.put("end"), 3));
    new Thread(
            () -> {
              try {
                Thread.sleep(100);
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
              output.unblock();
            })
        .start();
    device.close();
    assertTrue(output.text().endsWith("end"));
  }

  @Test
  void aSendSurvivesAReset() throws Exception {
    byte[] data = noise(5000);
    CompletableFuture<Boolean> sent = send(data);
    byte[] first = receive(2000, 1000);
    device.reset();
    assertFalse(sent.isDone());
    driver.start(device, 0);
    ByteArrayOutputStream rest = new ByteArrayOutputStream();
    FakeQueue again = driver.queue(0);
    long place = driver.allocate(1000);
    for (int i = 0; i < 3; i++) {
      again.add(in(place, 1000));
      driver.kick(0);
      rest.writeBytes(driver.get(place, again.await().length()));
    }
    assertTrue(sent.get());
    assertArrayEquals(Arrays.copyOfRange(data, first.length, data.length), rest.toByteArray());
  }

  @Test
  void noRingIsTouchedAfterAReset() throws InterruptedException {
    output.block();
    byte[] data = noise(200_000);
    transmit.add(out(driver.put(data), data.length));
    driver.kick(1);
    device.reset();
    output.unblock();
    output.await(1 << 16);
    assertNull(transmit.poll());
    assertNull(driver.broken);
  }

  @Test
  void sizeChanges() {
    assertEquals(0, driver.configChanges.get());
    device.resize(80, 25);
    assertEquals(1, driver.configChanges.get());
    assertArrayEquals(new byte[] {80, 0, 25, 0}, Arrays.copyOf(device.config(), 4));
    device.resize(300, 0xffff);
    assertArrayEquals(new byte[] {44, 1, -1, -1}, Arrays.copyOf(device.config(), 4));
  }

  @Test
  void aNewDriverIsToldTheSize() {
    device.resize(80, 25);
    device.reset();
    device.resize(81, 25);
    assertEquals(1, driver.configChanges.get());
    driver.start(device, VirtQueue.FEATURES | device.features());
    assertEquals(2, driver.configChanges.get());
  }

  @Test
  void transmitWithoutReadableBytes() {
    transmit.add(in(driver.allocate(8), 8));
    driver.kick(1);
    assertTrue(driver.broken.contains("without readable bytes"), driver.broken);
  }

  @Test
  void receiveWithoutWritableBytes() throws Exception {
    receive.add(out(driver.allocate(8), 8));
    CompletableFuture<Boolean> sent = send(noise(4));
    while (driver.broken == null) {
      Thread.sleep(1);
    }
    assertTrue(driver.broken.contains("without writable bytes"), driver.broken);
    driver.close();
    assertFalse(sent.get());
  }

  @Test
  void aRingThatBreaksUnderTheWriter() throws InterruptedException {
    output.block();
    byte[] data = noise(100_000);
    transmit.add(out(driver.put(data), data.length));
    driver.kick(1);
    transmit.expose(transmit.size);
    assertNull(driver.broken);
    output.unblock();
    while (driver.broken == null) {
      Thread.sleep(1);
    }
    assertTrue(driver.broken.contains("chain head"), driver.broken);
  }

  @Test
  void goodOutputBeforeABadChainIsKept() throws InterruptedException {
    transmit.add(out(driver.put(new String(new char[100])), 100));
    transmit.expose(99);
    driver.kick(1);
    assertNotNull(driver.broken);
    assertEquals(100, output.await(100).length);
  }

  @Test
  void textIsBytes() throws Exception {
    byte[] text = "grüße\n".getBytes(StandardCharsets.UTF_8);
    long place = driver.allocate(64);
    receive.add(in(place, 64));
    assertTrue(port.send(text, 0, text.length));
    assertArrayEquals(text, driver.get(place, receive.poll().length()));
  }
}
