// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.vsock;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The line with which a client on the host begins: {@code CONNECT <port>\n}. */
final class CommandLine {
  private static final int BYTES_MAX = 32;
  private static final Pattern FORM = Pattern.compile("CONNECT (\\d{1,10})\r?\n");

  private final byte[] line = new byte[BYTES_MAX];
  private int length;

  /**
   * Reads what there is of the line and nothing behind it.
   *
   * @return the port, or nothing if the line is not complete
   * @throws IOException if it is no such line, or the client has left
   */
  OptionalInt read(SocketChannel from) throws IOException {
    ByteBuffer one = ByteBuffer.allocate(1);
    while (length < BYTES_MAX) {
      int n = from.read(one.clear());
      if (n == 0) {
        return OptionalInt.empty();
      }
      if (n < 0) {
        throw new IOException("the client left");
      }
      line[length++] = one.get(0);
      if (one.get(0) == '\n') {
        return OptionalInt.of(port());
      }
    }
    throw new IOException("the line is too long");
  }

  private int port() throws IOException {
    Matcher form = FORM.matcher(new String(line, 0, length, StandardCharsets.US_ASCII));
    if (!form.matches()) {
      throw new IOException("no CONNECT line");
    }
    long port = Long.parseLong(form.group(1));
    if (port >= 1L << 32) {
      throw new IOException("no port");
    }
    return (int) port;
  }

  /** {@code OK <port>\n}. */
  static ByteBuffer answer(int port) {
    String text = "OK " + Integer.toUnsignedString(port) + "\n";
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }
}
