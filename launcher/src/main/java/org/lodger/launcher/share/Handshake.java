// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.share;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The first words with a 9P server, which do no harm if a client says them again. */
final class Handshake {
  private static final int TVERSION = 100;
  private static final int RVERSION = 101;
  private static final byte[] VERSION = "9P2000.L".getBytes(StandardCharsets.US_ASCII);

  private Handshake() {}

  /** Waits until the server has answered, or has ended. */
  static boolean succeeds(Process process) throws IOException {
    int size = 7 + 4 + 2 + VERSION.length;
    byte[] request =
        ByteBuffer.allocate(size)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(size)
            .put((byte) TVERSION)
            .putShort((short) -1)
            .putInt(8192)
            .putShort((short) VERSION.length)
            .put(VERSION)
            .array();
    try {
      process.getOutputStream().write(request);
      process.getOutputStream().flush();
    } catch (IOException e) {
      return false; // it has ended, and said why
    }
    InputStream in = process.getInputStream();
    byte[] reply = in.readNBytes(size);
    return reply.length == size && reply[4] == RVERSION;
  }
}
