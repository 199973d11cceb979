// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;

class NetHeaderTest {
  private static final long ALL = NetFeatures.TCP_OFFLOADS | NetFeatures.UDP_OFFLOADS;
  private static final int FRAME = 1000;

  private static byte[] header(int flags, int gso, int headers, int size, int start, int offset) {
    return ByteBuffer.allocate(NetHeader.BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put((byte) flags)
        .put((byte) gso)
        .putShort((short) headers)
        .putShort((short) size)
        .putShort((short) start)
        .putShort((short) offset)
        .array();
  }

  private static boolean good(int flags, int gso, int headers, int size, int start, int offset) {
    return NetHeader.isAcceptable(header(flags, gso, headers, size, start, offset), FRAME, ALL);
  }

  @Test
  void takesWhatDriversSend() {
    assertTrue(good(0, 0, 0, 0, 0, 0));
    assertTrue(good(1, 0, 0, 0, 34, 16));
    assertTrue(good(1, NetHeader.GSO_TCPV4, 54, 1448, 34, 16));
    assertTrue(good(1, NetHeader.GSO_TCPV4 | NetHeader.GSO_ECN, 54, 1448, 34, 16));
    assertTrue(good(1, NetHeader.GSO_UDP_L4, 42, 1400, 34, 6));
  }

  @Test
  void refusesWhatPointsOutsideTheFrame() {
    assertTrue(good(1, 0, 0, 0, FRAME - 18, 16));
    assertFalse(good(1, 0, 0, 0, FRAME - 17, 16));
    assertFalse(good(1, 0, 0, 0, 0xffff, 0xffff));
    assertFalse(good(1, 0, 0, 0, 13, 16));
    assertFalse(good(1, NetHeader.GSO_TCPV4, FRAME + 1, 1448, 34, 16));
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertFalse(good(0, NetHeader.GSO_TCPV4, 54, 1448, 34, 16));
    assertFalse(good(1, NetHeader.GSO_TCPV4, 54, 0, 34, 16));
    assertFalse(good(1, 2, 54, 1448, 34, 16));
    assertFalse(good(4, 0, 0, 0, 0, 0));
    assertFalse(good(1, 0x41, 54, 1448, 34, 16));
  }

  @Test
  void refusesWhatTheDriverDidNotAccept() {
    byte[] partial = header(1, 0, 0, 0, 34, 16);
    byte[] segment = header(1, NetHeader.GSO_TCPV6, 74, 1428, 54, 16);
    assertFalse(NetHeader.isAcceptable(partial, FRAME, 0));
    assertTrue(NetHeader.isAcceptable(partial, FRAME, NetFeatures.GUEST_CSUM));
    assertFalse(NetHeader.isAcceptable(segment, FRAME, NetFeatures.GUEST_CSUM));
  }

  @Test
  void addresses() {
    assertEquals("52:54:00:12:34:56", MacAddress.parse("52:54:0:12:34:56").toString());
    for (String bad :
        new String[] {"", "1:2:3:4:5", "01:00:5e:0:0:1", "0:0:0:0:0:0", "x:1:2:3:4:5"}) {
      assertNull(MacAddress.parse(bad), bad);
    }
    long different =
        java.util.stream.IntStream.range(0, 10000)
            .mapToLong(i -> MacAddress.of("guest-" + i + "/0").value())
            .distinct()
            .count();
    assertEquals(10000, different);
    MacAddress mac = MacAddress.of("guest/0");
    assertEquals(mac, MacAddress.parse(mac.toString()));
    assertEquals(2, mac.bytes()[0]);
  }
}
