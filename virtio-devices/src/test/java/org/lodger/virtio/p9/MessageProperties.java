// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.p9;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.lodger.virtio.FakeQueue.in;
import static org.lodger.virtio.FakeQueue.out;

import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.VirtQueue;

/** Whatever is in a message, it goes to the server with the size it claims, or the device stops. */
class MessageProperties {
  private final Owners owners = new Owners("/root", 7);
  private FakeDriver driver;

  @BeforeTry
  void start() {
    driver = new FakeDriver();
  }

  @AfterTry
  void close() {
    driver.close();
  }

  /** Messages with honest sizes; types that are looked into come often, lengths are often small. */
  @Provide
  Arbitrary<byte[]> messages() {
    Arbitrary<Byte> types =
        Arbitraries.oneOf(
            Arbitraries.of(
                (byte) Message.TATTACH,
                (byte) Message.TSETATTR,
                (byte) Message.RGETATTR,
                (byte) Message.TFLUSH),
            Arbitraries.bytes());
    Arbitrary<Byte> bytes =
        Arbitraries.frequencyOf(
            Tuple.of(3, Arbitraries.of((byte) 0, (byte) 1, (byte) '/')),
            Tuple.of(1, Arbitraries.bytes()));
    Arbitrary<byte[]> bodies = bytes.array(byte[].class).ofMinSize(0).ofMaxSize(200);
    return Combinators.combine(types, bodies)
        .as(
            (type, body) -> {
              byte[] message = new byte[Message.HEADER_BYTES + body.length];
              System.arraycopy(body, 0, message, Message.HEADER_BYTES, body.length);
              Message.view(message).putInt(0, message.length).put(4, type).putShort(5, (short) 9);
              return message;
            });
  }

  @Property
  void translationsKeepSizesHonest(@ForAll("messages") byte[] message) {
    byte[] copy = message.clone();
    byte[] forServer = owners.toServer(copy);
    if (forServer != null) {
      assertEquals(forServer.length, Message.size(forServer));
      assertEquals(Message.type(message), Message.type(forServer));
      assertEquals(Message.tag(message), Message.tag(forServer));
    }
    copy = message.clone();
    owners.toGuest(copy, copy.length);
    assertEquals(copy.length, Message.size(copy));
  }

  @Provide
  Arbitrary<Integer> sizes() {
    return Arbitraries.oneOf(Arbitraries.integers().between(0, 64), Arbitraries.integers());
  }

  @Property
  void sizesDecide(
      @ForAll("sizes") int claimed,
      @ForAll @IntRange(min = 1, max = 64) int readable,
      @ForAll @IntRange(min = 1, max = 64) int writable)
      throws InterruptedException {
    P9Device device = new P9Device("files", new ProcessServer("cat"), line -> {});
    driver.start(device, VirtQueue.FEATURES);
    FakeQueue queue = driver.queue(0);
    byte[] request = new byte[64];
    Message.view(request).putInt(0, claimed).put(4, (byte) Message.TVERSION).putShort(5, (short) 1);
    long reply = driver.allocate(64);
    queue.add(out(driver.put(request), readable), in(reply, writable));
    driver.kick(0);
    boolean good =
        claimed >= Message.HEADER_BYTES && claimed <= readable && writable >= Message.ERROR_BYTES;
    if (!good) {
      while (driver.broken == null) {
        Thread.sleep(1);
      }
      return;
    }
    int length = queue.await().length();
    if (claimed <= writable) {
      assertEquals(claimed, length);
      assertArrayEquals(Arrays.copyOf(request, claimed), driver.get(reply, claimed));
    } else {
      assertArrayEquals(Message.error(1, Message.EIO), driver.get(reply, length));
    }
  }
}
