// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.console;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** {@code struct virtio_console_control { le32 id; le16 event; le16 value; }}, id being a port. */
record ControlMessage(int port, int event, int value) {
  static final int BYTES = 8;

  static final int DEVICE_READY = 0;
  static final int DEVICE_ADD = 1;
  static final int PORT_READY = 3;
  static final int PORT_OPEN = 6;
  static final int PORT_NAME = 7;

  static ControlMessage decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return new ControlMessage(in.getInt(), in.getShort() & 0xffff, in.getShort() & 0xffff);
  }

  byte[] encode() {
    return encode("");
  }

  /** The message with a name behind it. */
  byte[] encode(String name) {
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(BYTES + text.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(port)
        .putShort((short) event)
        .putShort((short) value)
        .put(text)
        .array();
  }
}
