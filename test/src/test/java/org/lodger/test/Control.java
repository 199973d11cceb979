// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** A guest's control socket, by hand. */
record Control(String name) {
  record Answer(int status, String body) {}

  Path socket() {
    return Lodger.RUNTIME.resolve("lodger").resolve(name + ".sock");
  }

  Answer get(String path) {
    return ask("GET", path, "");
  }

  Answer post(String path) {
    return ask("POST", path, "");
  }

  Answer ask(String method, String path, String body) {
    String request =
        method
            + " "
            + path
            + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n"
            + body;
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket()))) {
      channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      ByteBuffer part = ByteBuffer.allocate(1 << 16);
      while (channel.read(part.clear()) > 0) {
        all.write(part.array(), 0, part.position());
      }
      String answer = all.toString(StandardCharsets.UTF_8);
      return new Answer(
          Integer.parseInt(answer.split(" ")[1]), answer.substring(answer.indexOf("\r\n\r\n") + 4));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
