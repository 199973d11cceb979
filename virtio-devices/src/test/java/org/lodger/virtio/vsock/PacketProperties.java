// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.vsock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;

/**
 * Whatever packets a guest sends: the device stops or takes them all, and serves the next guest.
 */
class PacketProperties {
  private static final int HOST_PORT = 77;

  private Path folder;
  private ServerSocketChannel host;
  private PacketDriver guest;

  @BeforeTry
  void start() throws IOException {
    folder = Files.createTempDirectory("vsock");
    guest = new PacketDriver(folder.resolve("v"));
    host = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    host.bind(UnixDomainSocketAddress.of(folder.resolve("v_" + HOST_PORT)));
  }

  @AfterTry
  void close() throws IOException {
    host.close();
    guest.close();
    Files.delete(folder.resolve("v_" + HOST_PORT));
    Files.delete(folder);
  }

  /** A packet and the bytes of its buffer. */
  record Sent(Packet packet, int bytes) {}

  private static Arbitrary<Integer> mostly(int... usual) {
    Integer[] boxed = Arrays.stream(usual).boxed().toArray(Integer[]::new);
    return Arbitraries.frequencyOf(
        Tuple.of(20, Arbitraries.of(boxed)), Tuple.of(1, Arbitraries.integers()));
  }

  @Provide
  Arbitrary<Sent> packets() {
    Arbitrary<Integer> ports =
        Combinators.combine(mostly(1, 2), mostly(HOST_PORT, 78)).as((a, b) -> a << 8 ^ b);
    Arbitrary<Integer> shapes = mostly(0);
    return Combinators.combine(
            ports,
            mostly(0, 0, 1, 20, 65536),
            mostly(1),
            mostly(1, 1, 2, 3, 4, 5, 5, 5, 6, 7),
            mostly(0, 1, 2, 3),
            mostly(0, 100, 1 << 20),
            mostly(0, 1, 50),
            shapes)
        .as(
            (port, length, type, op, flags, space, forwarded, shape) -> {
              long from = shape == 1 ? 4 : PacketDriver.CID;
              long to = shape == 2 ? 7 : VsockDevice.HOST_CID;
              int slack = shape > 2 ? shape & 0xff : 0;
              int honest = (int) Math.min(Integer.toUnsignedLong(length), 100_000) + Packet.BYTES;
              Packet packet =
                  new Packet(
                      from,
                      to,
                      port >>> 8,
                      port & 0xff,
                      length,
                      type & 0xffff,
                      op & 0xffff,
                      flags,
                      space,
                      forwarded);
              return new Sent(packet, Math.max(1, honest + (shape < 0 ? -slack - 1 : slack)));
            });
  }

  @Property
  void anyPackets(@ForAll @Size(min = 1, max = 100) List<@From("packets") Sent> packets)
      throws Exception {
    guest.buffers(128, 256);
    for (Sent sent : packets) {
      guest.raw(sent.packet(), sent.bytes());
      while (guest.poll() != null) {
        guest.buffers(1, 256);
      }
    }
    while (guest.driver.broken == null && guest.sent() < packets.size()) {
      if (guest.poll() != null) {
        guest.buffers(1, 256);
      }
      Thread.onSpinWait();
    }
    boolean lies = packets.stream().anyMatch(PacketProperties::lies);
    assertEquals(lies, guest.driver.broken != null, guest.driver.broken);
    guest.restart();
    guest.buffers(4, 256);
    guest.send(Packet.RW, 5, 6);
    assertEquals(Packet.RST, guest.receive().op());
    assertTrue(host.isOpen());
  }

  private static boolean lies(Sent sent) {
    long length = Integer.toUnsignedLong(sent.packet().length());
    return sent.bytes() < Packet.BYTES || length > sent.bytes() - Packet.BYTES;
  }

  @Property
  void headersSurviveTheWay(@ForAll @From("packets") Sent sent) {
    assertEquals(sent.packet(), Packet.decode(sent.packet().encode()));
  }
}
