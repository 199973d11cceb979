// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.vsock;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The header of a packet (virtio 1.2, section 5.10.6).
 *
 * <pre>
 * struct virtio_vsock_hdr {
 *   le64 src_cid; le64 dst_cid; le32 src_port; le32 dst_port; le32 len;
 *   le16 type; le16 op; le32 flags; le32 buf_alloc; le32 fwd_cnt; };
 * </pre>
 *
 * @param length of the payload in bytes, unsigned
 * @param space {@code buf_alloc}: the sender's receive buffer in bytes
 * @param forwarded {@code fwd_cnt}: how many bytes the sender has taken out of that buffer so far,
 *     modulo 2^32
 */
record Packet(
    long fromCid,
    long toCid,
    int fromPort,
    int toPort,
    int length,
    int type,
    int op,
    int flags,
    int space,
    int forwarded) {
  static final int BYTES = 44;

  static final int TYPE_STREAM = 1;

  static final int REQUEST = 1;
  static final int RESPONSE = 2;
  static final int RST = 3;
  static final int SHUTDOWN = 4;
  static final int RW = 5;
  static final int CREDIT_UPDATE = 6;
  static final int CREDIT_REQUEST = 7;

  /** Flags of {@link #SHUTDOWN}: what its sender will no longer do. */
  static final int NO_RECEIVE = 1;

  static final int NO_SEND = 2;

  static Packet decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return new Packet(
        in.getLong(),
        in.getLong(),
        in.getInt(),
        in.getInt(),
        in.getInt(),
        in.getShort() & 0xffff,
        in.getShort() & 0xffff,
        in.getInt(),
        in.getInt(),
        in.getInt());
  }

  byte[] encode() {
    return ByteBuffer.allocate(BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(fromCid)
        .putLong(toCid)
        .putInt(fromPort)
        .putInt(toPort)
        .putInt(length)
        .putShort((short) type)
        .putShort((short) op)
        .putInt(flags)
        .putInt(space)
        .putInt(forwarded)
        .array();
  }

  /** The refusal of this packet. */
  Packet reset() {
    return new Packet(toCid, fromCid, toPort, fromPort, 0, type, RST, 0, 0, 0);
  }
}
