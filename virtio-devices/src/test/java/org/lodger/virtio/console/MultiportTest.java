// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.console;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodger.virtio.FakeQueue.in;
import static org.lodger.virtio.FakeQueue.out;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.VirtQueue;

@Timeout(20)
class MultiportTest {
  private static final int CONTROL_IN = 2;
  private static final int CONTROL_OUT = 3;

  private final SlowOutput[] outputs = {new SlowOutput(), new SlowOutput(), new SlowOutput()};
  private final ConsolePort[] ports = {
    new ConsolePort("org.lodger.stdio", outputs[0]),
    new ConsolePort("org.lodger.stderr", outputs[1]),
    new ConsolePort("org.lodger.control", outputs[2]),
  };
  private final ConsoleDevice device = ConsoleDevice.multiport("agent", ports);
  private final FakeDriver driver = new FakeDriver(device, VirtQueue.FEATURES | device.features());

  @AfterEach
  void close() {
    for (SlowOutput output : outputs) {
      output.unblock();
    }
    driver.close();
  }

  private void tell(int port, int event, int value) {
    byte[] message = new ControlMessage(port, event, value).encode();
    driver.queue(CONTROL_OUT).add(out(driver.put(message), message.length));
    driver.kick(CONTROL_OUT);
  }

  private void giveControlBuffers(int count) {
    for (int i = 0; i < count; i++) {
      driver.queue(CONTROL_IN).add(in(driver.allocate(256), 256));
    }
    driver.kick(CONTROL_IN);
  }

  /** What the device told: "port event value name". */
  private List<String> told() {
    List<String> result = new ArrayList<>();
    FakeQueue queue = driver.queue(CONTROL_IN);
    for (FakeQueue.Used used = queue.poll(); used != null; used = queue.poll()) {
      long at = driver.ram.getLong(queue.desc + 16L * used.head());
      byte[] bytes = driver.get(at, used.length());
      ControlMessage m = ControlMessage.decode(bytes);
      String name = new String(bytes, 8, bytes.length - 8, StandardCharsets.UTF_8);
      result.add((m.port() + " " + m.event() + " " + m.value() + " " + name).trim());
    }
    return result;
  }

  @Test
  void layout() {
    assertEquals(8, device.queueCount());
    assertArrayEquals(new byte[] {0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}, device.config());
  }

  @Test
  void introducesItsPorts() {
    giveControlBuffers(5);
    tell(-1, ControlMessage.DEVICE_READY, 1);
    assertEquals(List.of("0 1 1", "1 1 1", "2 1 1"), told());
    tell(2, ControlMessage.PORT_READY, 1);
    assertEquals(List.of("2 7 1 org.lodger.control", "2 6 1"), told());
  }

  @Test
  void answersWaitForBuffers() {
    tell(-1, ControlMessage.DEVICE_READY, 1);
    tell(0, ControlMessage.PORT_READY, 1);
    FakeQueue control = driver.queue(CONTROL_OUT);
    assertNotNull(control.poll());
    assertNull(control.poll(), "no second message while answers wait: their number is bounded");
    giveControlBuffers(4);
    assertNotNull(control.poll());
    assertEquals(List.of("0 1 1", "1 1 1", "2 1 1", "0 7 1 org.lodger.stdio"), told());
    giveControlBuffers(1);
    assertEquals(List.of("0 6 1"), told());
  }

  @Test
  void aSendWaitsForAReader() throws InterruptedException {
    long place = driver.allocate(64);
    FakeQueue receive = driver.queue(6);
    receive.add(in(place, 64));
    driver.kick(6);
    Thread sender =
        new Thread(
            () -> {
              try {
                ports[2].send(new byte[] {1, 2, 3}, 0, 3);
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    sender.start();
    sender.join(50);
    assertTrue(sender.isAlive());
    assertNull(receive.poll());
    tell(2, ControlMessage.PORT_OPEN, 1);
    assertEquals(3, receive.await().length());
    sender.join();
  }

  @Test
  void portsDoNotWaitForEachOther() throws InterruptedException {
    outputs[0].block();
    byte[] much = new byte[200_000];
    driver.queue(1).add(out(driver.put(much), much.length));
    driver.kick(1);
    driver.queue(5).add(out(driver.put("error"), 5));
    driver.kick(5);
    driver.queue(7).add(out(driver.put("control"), 7));
    driver.kick(7);
    outputs[1].await(5);
    outputs[2].await(7);
    assertEquals("error", outputs[1].text());
    assertEquals("control", outputs[2].text());
    assertEquals("", outputs[0].text());
  }

  @Test
  void aDriverWithoutMultiportHasOneOpenPort() throws InterruptedException {
    device.reset();
    driver.start(device, VirtQueue.FEATURES);
    driver.queue(0).add(in(driver.allocate(8), 8));
    assertTrue(ports[0].send(new byte[8], 0, 8));
    assertNotNull(driver.queue(0).poll());
    driver.kick(CONTROL_OUT);
    driver.kick(5);
    assertNull(driver.broken);
  }

  @Test
  void nonsenseOnTheControlQueueIsIgnored() {
    giveControlBuffers(5);
    tell(3, ControlMessage.PORT_READY, 1);
    tell(-1, ControlMessage.PORT_OPEN, 1);
    tell(0, 0xffff, 1);
    tell(0, ControlMessage.PORT_READY, 0);
    assertEquals(List.of(), told());
    assertNull(driver.broken);
  }

  @Test
  void shortControlMessage() {
    driver.queue(CONTROL_OUT).add(out(driver.allocate(7), 7));
    driver.kick(CONTROL_OUT);
    assertTrue(driver.broken.contains("too short"), driver.broken);
  }

  @Test
  void smallControlBuffer() {
    driver.queue(CONTROL_IN).add(in(driver.allocate(7), 7));
    tell(-1, ControlMessage.DEVICE_READY, 1);
    assertTrue(driver.broken.contains("too small"), driver.broken);
  }
}
