// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.p9;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodger.virtio.FakeQueue.in;
import static org.lodger.virtio.FakeQueue.out;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.VirtQueue;

/** Real processes as servers: cat, for one, answers every request with itself. */
@Timeout(30)
class P9DeviceTest {
  private static final int TREAD = 116;
  private static final int NO_TAG = 0xffff;
  private static final int REPLY_BYTES = 8192;

  private final FakeDriver driver = new FakeDriver();
  private final List<String> log = Collections.synchronizedList(new ArrayList<>());
  private FakeQueue queue;

  @AfterEach
  void close() {
    driver.close();
  }

  private ProcessServer serve(ProcessServer server) {
    P9Device device = new P9Device("files", server, log::add);
    driver.start(device, VirtQueue.FEATURES | device.features());
    queue = driver.queue(0);
    return server;
  }

  private static byte[] message(int type, int tag, byte[] body) {
    int size = Message.HEADER_BYTES + body.length;
    return ByteBuffer.allocate(size)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(size)
        .put((byte) type)
        .putShort((short) tag)
        .put(body)
        .array();
  }

  private static byte[] version() {
    return message(Message.TVERSION, NO_TAG, new byte[] {0, 0, 1, 0, 0, 0});
  }

  /** Makes a request available; returns where its reply will be. */
  private long send(byte[] request) {
    long reply = driver.allocate(REPLY_BYTES);
    queue.add(out(driver.put(request), request.length), in(reply, REPLY_BYTES));
    driver.kick(0);
    return reply;
  }

  private byte[] ask(byte[] request) throws InterruptedException {
    long reply = send(request);
    return driver.get(reply, queue.await().length());
  }

  private void awaitBroken(String part) throws InterruptedException {
    while (driver.broken == null) {
      Thread.sleep(1);
    }
    assertTrue(driver.broken.contains(part), driver.broken);
  }

  @Test
  void hasATag() {
    byte[] config = new P9Device("files", new ProcessServer(), log::add).config();
    assertArrayEquals("\5\0files".getBytes(StandardCharsets.US_ASCII), config);
  }

  @Test
  void carriesMessagesBothWays() throws Exception {
    serve(new ProcessServer("cat"));
    assertArrayEquals(version(), ask(version()));
    Random random = new Random(1);
    for (int size : new int[] {0, 1, 100, 4096, REPLY_BYTES - Message.HEADER_BYTES}) {
      byte[] body = new byte[size];
      random.nextBytes(body);
      byte[] request = message(TREAD, size, body);
      assertArrayEquals(request, ask(request));
    }
    assertTrue(driver.interrupts.get() >= 6);
    assertTrue(log.isEmpty(), log::toString);
  }

  @Test
  void manyRequestsAtOnce() throws Exception {
    serve(new ProcessServer("cat"));
    ask(version());
    long replies = driver.allocate(64 * 64);
    for (int round = 0; round < 50; round++) {
      for (int tag = 0; tag < 60; tag++) {
        byte[] request = message(TREAD, tag, new byte[] {(byte) tag, (byte) round});
        queue.add(out(driver.put(request), request.length), in(replies + 64 * tag, 64));
        driver.kick(0);
      }
      for (int tag = 0; tag < 60; tag++) {
        queue.await();
      }
      for (int tag = 0; tag < 60; tag++) {
        byte[] expected = message(TREAD, tag, new byte[] {(byte) tag, (byte) round});
        assertArrayEquals(expected, driver.get(replies + 64 * tag, expected.length));
      }
    }
  }

  @Test
  void aRequestInPieces() throws Exception {
    serve(new ProcessServer("cat"));
    ask(version());
    byte[] request = message(TREAD, 3, "hello world".getBytes(StandardCharsets.US_ASCII));
    long at = driver.put(request);
    long reply = driver.allocate(64);
    queue.add(
        out(at, 5),
        out(at + 5, 1),
        out(at + 6, request.length - 6),
        in(reply, 10),
        in(reply + 10, 54));
    driver.kick(0);
    assertEquals(request.length, queue.await().length());
    assertArrayEquals(request, driver.get(reply, request.length));
  }

  @Test
  void noServerBeforeTheVersion() throws Exception {
    ProcessServer server = serve(new ProcessServer("cat"));
    assertArrayEquals(Message.error(9, Message.EIO), ask(message(TREAD, 9, new byte[4])));
    assertTrue(server.started.isEmpty());
  }

  @Test
  void everybodyAttachesAsTheOwner() throws Exception {
    serve(new ProcessServer("cat"));
    ask(version());
    String body = "\1\2\3\4\377\377\377\377\4\0name\1\0/\350\3\0\0";
    byte[] request = message(Message.TATTACH, 1, body.getBytes(StandardCharsets.ISO_8859_1));
    String expected = "\1\2\3\4\377\377\377\377\0\0\5\0/root\7\0\0\0";
    byte[] changed = message(Message.TATTACH, 1, expected.getBytes(StandardCharsets.ISO_8859_1));
    assertArrayEquals(changed, ask(request));
    String elsewhere = "\1\2\3\4\377\377\377\377\0\0\4\0/etc\0\0\0\0";
    byte[] bad = message(Message.TATTACH, 2, elsewhere.getBytes(StandardCharsets.ISO_8859_1));
    assertArrayEquals(Message.error(2, Message.ENOENT), ask(bad));
    byte[] cut = message(Message.TATTACH, 3, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, -1, -1, 1});
    assertArrayEquals(cut, ask(cut), "the server refuses what is too short");
  }

  @Test
  void theOwnerShowsAsRoot() throws Exception {
    byte[] body = new byte[153];
    ByteBuffer attributes = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
    attributes.putInt(25, ProcessServer.OWNER).putInt(29, 1234);
    byte[] reply = message(Message.RGETATTR, 1, body);
    serve(ProcessServer.saying(7, reply));
    ask(version());
    byte[] got = ask(message(24, 1, new byte[0]));
    attributes.putInt(25, 0);
    assertArrayEquals(message(Message.RGETATTR, 1, body), got);
  }

  @Test
  void rootMayBeGivenFiles() throws Exception {
    serve(new ProcessServer("cat"));
    ask(version());
    for (int valid : new int[] {0, 2, 4, 6, 1}) {
      byte[] body = new byte[60];
      ByteBuffer attributes = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
      byte[] request = message(Message.TSETATTR, 1, attributes.putInt(4, valid).array());
      attributes.putInt(12, (valid & 2) != 0 ? ProcessServer.OWNER : 0);
      attributes.putInt(16, (valid & 4) != 0 ? ProcessServer.OWNER : 0);
      assertArrayEquals(message(Message.TSETATTR, 1, body), ask(request));
    }
  }

  private static byte[] concat(byte[] a, byte[] b) {
    byte[] both = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  @Test
  void aDeadServerIsAnIoError() throws Exception {
    ProcessServer server = serve(new ProcessServer("sh", "-c", "head -c 13; exec sleep 1000"));
    ask(version());
    long first = send(message(TREAD, 1, new byte[8]));
    long second = send(message(TREAD, 2, new byte[8]));
    assertNull(queue.poll());
    server.only().destroyForcibly();
    queue.await();
    queue.await();
    assertArrayEquals(Message.error(1, Message.EIO), driver.get(first, 11));
    assertArrayEquals(Message.error(2, Message.EIO), driver.get(second, 11));
    assertArrayEquals(Message.error(3, Message.EIO), ask(message(TREAD, 3, new byte[8])));
    while (log.isEmpty()) {
      Thread.sleep(1);
    }
    assertEquals(List.of("share files: the file server ended; the guest gets I/O errors"), log);
    assertNull(driver.broken);
    assertArrayEquals(version(), ask(version()), "mounting again starts another");
    assertEquals(2, server.started.size());
  }

  @Test
  void aServerThatCannotStart() throws Exception {
    serve(new ProcessServer("/nowhere/server"));
    assertArrayEquals(Message.error(NO_TAG, Message.EIO), ask(version()));
    assertTrue(log.get(0).contains("/nowhere/server"), log::toString);
  }

  /** A pipe holds 64 KiB: the rest stays in the queue, and a reset does not wait for the server. */
  @Test
  void aServerThatReadsNothing() throws Exception {
    ProcessServer server = serve(new ProcessServer("sh", "-c", "head -c 13; exec sleep 1000"));
    ask(version());
    byte[] big = message(118, 1, new byte[200_000]);
    long reply = driver.allocate(64);
    queue.add(out(driver.put(big), big.length), in(reply, 64));
    driver.kick(0);
    Thread.sleep(50);
    driver.kick(0);
    long start = System.nanoTime();
    driver.broken("enough");
    assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(5));
    assertTrue(server.only().waitFor(5, TimeUnit.SECONDS));
    assertNull(queue.poll(), "after a reset nothing touches the ring");
    assertTrue(log.isEmpty(), log::toString);
  }

  @Test
  void aStoppedServer() throws Exception {
    ProcessServer server = serve(new ProcessServer("cat"));
    ask(version());
    new ProcessBuilder("kill", "-STOP", "" + server.only().pid()).start().waitFor();
    send(message(TREAD, 1, new byte[8]));
    driver.broken("enough");
    assertTrue(server.only().waitFor(5, TimeUnit.SECONDS));
  }

  @Test
  void aResetStartsAfresh() throws Exception {
    ProcessServer server = serve(new ProcessServer("cat"));
    for (int i = 0; i < 5; i++) {
      ask(version());
      driver.broken("again");
      driver.start(new P9Device("files", server, log::add), VirtQueue.FEATURES);
      queue = driver.queue(0);
    }
    assertEquals(5, server.started.size());
    for (Process process : server.started) {
      assertTrue(process.waitFor(5, TimeUnit.SECONDS));
    }
  }

  @Test
  void aFlushedRequestGetsItsBufferBack() throws Exception {
    byte[] rflush = message(Message.RFLUSH, 6, new byte[0]);
    serve(ProcessServer.saying(15 + 9, rflush));
    int size = version().length;
    long reply = driver.allocate(64);
    int[] heads = new int[3];
    byte[][] requests = {
      version(), message(TREAD, 5, new byte[8]), message(Message.TFLUSH, 6, new byte[] {5, 0})
    };
    for (int i = 0; i < 3; i++) {
      heads[i] = queue.add(out(driver.put(requests[i]), requests[i].length), in(reply, 64));
    }
    driver.kick(0);
    assertEquals(new FakeQueue.Used(heads[0], size), queue.await());
    assertEquals(new FakeQueue.Used(heads[1], 0), queue.await(), "no reply to what was flushed");
    assertEquals(new FakeQueue.Used(heads[2], 7), queue.await());
  }

  @Test
  void aReplyThatDoesNotFit() throws Exception {
    serve(new ProcessServer("cat"));
    ask(version());
    byte[] request = message(TREAD, 4, new byte[100]);
    long reply = driver.allocate(64);
    queue.add(out(driver.put(request), request.length), in(reply, 20));
    driver.kick(0);
    assertEquals(Message.ERROR_BYTES, queue.await().length());
    assertArrayEquals(Message.error(4, Message.EIO), driver.get(reply, 11));
    assertEquals(0, driver.ram.getByte(reply + 20));
  }

  @Test
  void wildRepliesEndTheServer() throws Exception {
    for (int size : new int[] {0, 6, Message.BYTES_MAX + 1, -1, Integer.MIN_VALUE}) {
      byte[] wild = message(TREAD + 1, 1, new byte[20]);
      Message.view(wild).putInt(0, size);
      ProcessServer server = serve(ProcessServer.saying(7, wild));
      ask(version());
      assertArrayEquals(Message.error(1, Message.EIO), ask(message(TREAD, 1, new byte[0])));
      assertTrue(server.only().waitFor(5, TimeUnit.SECONDS));
      while (log.isEmpty()) {
        Thread.sleep(1);
      }
      assertTrue(log.remove(0).contains(Integer.toUnsignedString(size) + " bytes"));
      driver.broken("next");
    }
  }

  @Test
  void repliesThatNobodyAskedFor() throws Exception {
    byte[] stray = message(TREAD + 1, 77, new byte[20]);
    byte[] good = message(TREAD + 1, 1, new byte[4]);
    serve(ProcessServer.saying(7, concat(concat(stray, stray), good)));
    ask(version());
    assertArrayEquals(good, ask(message(TREAD, 1, new byte[0])));
    assertFalse(queue.poll() != null);
  }

  @Test
  void aReplyCutShort() throws Exception {
    byte[] good = message(TREAD + 1, 1, new byte[100]);
    serve(ProcessServer.ending(7, Arrays.copyOf(good, 50)));
    ask(version());
    assertArrayEquals(Message.error(1, Message.EIO), ask(message(TREAD, 1, new byte[0])));
  }

  @Test
  void aTagInUse() throws Exception {
    serve(new ProcessServer("sh", "-c", "head -c 13; exec sleep 1000"));
    ask(version());
    send(message(TREAD, 1, new byte[8]));
    send(message(TREAD, 1, new byte[8]));
    awaitBroken("tag 1 is in use");
  }

  @Test
  void sizesThatLie() throws Exception {
    for (int size : new int[] {0, 6, 16, -1, Integer.MIN_VALUE}) {
      serve(new ProcessServer("cat"));
      byte[] request = message(TREAD, 1, new byte[8]);
      Message.view(request).putInt(0, size);
      send(request);
      awaitBroken("9P request says " + Integer.toUnsignedString(size) + " bytes");
      driver.broken = null;
      driver.broken("next");
      driver.broken = null;
    }
  }

  @Test
  void hugeRequests() throws Exception {
    serve(new ProcessServer("cat"));
    byte[] header = message(TREAD, 1, new byte[0]);
    Message.view(header).putInt(0, Message.BYTES_MAX + 1);
    long at = driver.put(header);
    queue.add(out(at, 4 << 20), in(driver.ram.size() - 64, 64));
    driver.kick(0);
    awaitBroken("9P request says " + (Message.BYTES_MAX + 1));
  }

  @Test
  void lessThanAHeader() throws Exception {
    serve(new ProcessServer("cat"));
    queue.add(out(driver.allocate(16), 6), in(driver.allocate(64), 64));
    driver.kick(0);
    awaitBroken("6 bytes");
  }

  @Test
  void noRoomForAReply() throws Exception {
    serve(new ProcessServer("cat"));
    queue.add(out(driver.put(version()), 13), in(driver.allocate(64), 10));
    driver.kick(0);
    awaitBroken("no room");
  }

  @Test
  void doorbellWithoutQueue() {
    P9Device device = new P9Device("files", new ProcessServer("cat"), log::add);
    device.notified(0);
    device.activate(0, new VirtQueue[1], driver);
    device.notified(0);
    device.reset();
    device.close();
    assertNull(driver.broken);
  }
}
