// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.agent;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/** Messages of docs/agent-protocol.md: a length, then strings that each end with a NUL. */
final class Message {
  private static final int LENGTH_MAX = 4 << 20;

  private Message() {}

  static byte[] encode(List<String> strings) {
    ByteArrayOutputStream payload = new ByteArrayOutputStream();
    for (String string : strings) {
      payload.writeBytes(string.getBytes(StandardCharsets.UTF_8));
      payload.write(0);
    }
    return ByteBuffer.allocate(4 + payload.size())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(payload.size())
        .put(payload.toByteArray())
        .array();
  }

  /** Puts messages together from the pieces in which they arrive. */
  static final class Decoder {
    private final Consumer<List<String>> to;
    private ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Decoder(Consumer<List<String>> to) {
      this.to = to;
    }

    /** Throws IllegalArgumentException if this is no message. */
    void add(byte[] piece, int offset, int length) {
      bytes.write(piece, offset, length);
      ByteBuffer all = ByteBuffer.wrap(bytes.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
      while (all.remaining() >= 4) {
        int size = all.getInt(all.position());
        if (size < 0 || size > LENGTH_MAX) {
          throw new IllegalArgumentException("a message of " + size + " bytes");
        }
        if (all.remaining() < 4 + size) {
          break;
        }
        to.accept(strings(all.slice(all.position() + 4, size)));
        all.position(all.position() + 4 + size);
      }
      bytes = new ByteArrayOutputStream();
      bytes.write(all.array(), all.position(), all.remaining());
    }

    private static List<String> strings(ByteBuffer payload) {
      String text = StandardCharsets.UTF_8.decode(payload).toString();
      if (!text.endsWith("\0")) {
        throw new IllegalArgumentException("a message without an end");
      }
      return List.of(text.substring(0, text.length() - 1).split("\0", -1));
    }
  }
}
