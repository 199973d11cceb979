// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What stands before every frame in a queue (virtio 1.2, section 5.1.6), little-endian.
 *
 * <pre>
 * struct virtio_net_hdr { u8 flags; u8 gso_type; le16 hdr_len; le16 gso_size;
 *                         le16 csum_start; le16 csum_offset; le16 num_buffers; };
 * </pre>
 */
final class NetHeader {
  static final int BYTES = 12;
  static final int NUM_BUFFERS = 10;

  static final byte FLAG_NEEDS_CSUM = 1;
  static final byte FLAG_DATA_VALID = 2;

  static final int GSO_NONE = 0;
  static final int GSO_TCPV4 = 1;
  static final int GSO_TCPV6 = 4;
  static final int GSO_UDP_L4 = 5;
  static final int GSO_ECN = 0x80;

  /** An Ethernet header. */
  static final int FRAME_MIN = 14;

  /** The largest IP packet behind an Ethernet header with two VLAN tags. */
  static final int FRAME_MAX = 65535 + 14 + 8;

  private NetHeader() {}

  /** The frame is complete as it is: nothing is left to do to it. */
  static boolean isPlain(byte[] header) {
    return (header[0] & FLAG_NEEDS_CSUM) == 0 && header[1] == GSO_NONE;
  }

  /**
   * May a guest that accepted these features get a frame with this header from another guest?
   * Nothing in it may point outside the frame, or ask for what the guest did not accept.
   */
  static boolean isAcceptable(byte[] header, long frameBytes, long accepted) {
    ByteBuffer in = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    int flags = in.get(0);
    boolean partial = (flags & FLAG_NEEDS_CSUM) != 0;
    if ((flags & ~(FLAG_NEEDS_CSUM | FLAG_DATA_VALID)) != 0
        || flags != 0 && (accepted & NetFeatures.GUEST_CSUM) == 0) {
      return false;
    }
    int checksum = (in.getShort(6) & 0xffff) + (in.getShort(8) & 0xffff);
    if (partial && ((in.getShort(6) & 0xffff) < FRAME_MIN || checksum + 2 > frameBytes)) {
      return false;
    }
    int gso = in.get(1) & 0xff;
    if (gso == GSO_NONE) {
      return true;
    }
    int headers = in.getShort(2) & 0xffff;
    return partial
        && in.getShort(4) != 0
        && headers <= frameBytes
        && (accepted & featureOf(gso & ~GSO_ECN)) != 0
        && ((gso & GSO_ECN) == 0 || (accepted & NetFeatures.GUEST_ECN) != 0);
  }

  private static long featureOf(int gso) {
    return switch (gso) {
      case GSO_TCPV4 -> NetFeatures.GUEST_TSO4;
      case GSO_TCPV6 -> NetFeatures.GUEST_TSO6;
      case GSO_UDP_L4 -> NetFeatures.GUEST_USO4 | NetFeatures.GUEST_USO6;
      default -> 0;
    };
  }
}
