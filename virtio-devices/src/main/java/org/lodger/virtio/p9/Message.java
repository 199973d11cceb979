// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.p9;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The bytes of one message of 9P2000.L: {@code le32 size; u8 type; le16 tag;} and what the type
 * asks for. The size counts itself.
 */
final class Message {
  static final int HEADER_BYTES = 7;
  static final int ERROR_BYTES = HEADER_BYTES + 4;

  /** More than any client of Linux's may ask for (500 KiB). */
  static final int BYTES_MAX = 1 << 20;

  static final int RLERROR = 7;
  static final int RGETATTR = 25;
  static final int TSETATTR = 26;
  static final int TVERSION = 100;
  static final int TATTACH = 104;
  static final int TFLUSH = 108;
  static final int RFLUSH = 109;

  static final int ENOENT = 2;
  static final int EIO = 5;

  private Message() {}

  static ByteBuffer view(byte[] message) {
    return ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The size that a header claims, unsigned. */
  static long size(byte[] message) {
    return Integer.toUnsignedLong(view(message).getInt(0));
  }

  static int type(byte[] message) {
    return message[4] & 0xff;
  }

  static int tag(byte[] message) {
    return shortAt(message, 5);
  }

  static int shortAt(byte[] message, int offset) {
    return view(message).getShort(offset) & 0xffff;
  }

  static byte[] error(int tag, int errno) {
    return ByteBuffer.allocate(ERROR_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(ERROR_BYTES)
        .put((byte) RLERROR)
        .putShort((short) tag)
        .putInt(errno)
        .array();
  }
}
