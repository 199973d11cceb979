// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Memory that a guest frees is the host's again. */
class BalloonIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long MIB = 1 << 20;

  /** What the host keeps for the guest's memory file, which is descriptor 3 of its processes. */
  private static long hostBytes(String name) {
    String file = "/proc/" + Host.kernelProcess(name) + "/fd/3";
    return 512 * Long.parseLong(Host.must("stat", "-L", "-c", "%b", file).strip());
  }

  private static String ask(String guest, String method, String body) throws IOException {
    Path socket = Lodger.RUNTIME.resolve("lodger/" + guest + ".sock");
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      String request =
          method + " /v1/balloon HTTP/1.1\r\nHost: guest\r\nConnection: close\r\nContent-Length: "
              + body.length() + "\r\n\r\n" + body;
      channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
      ByteBuffer answer = ByteBuffer.allocate(8192);
      while (channel.read(answer) >= 0) {}
      return new String(answer.array(), 0, answer.position(), StandardCharsets.US_ASCII);
    }
  }

  private static long figure(String answer, String name) {
    Matcher number = Pattern.compile("\"" + name + "\": (\\d+)").matcher(answer);
    assertTrue(number.find(), answer);
    return Long.parseLong(number.group(1));
  }

  private static void awaitActual(String guest, long bytes) throws IOException {
    for (int i = 0; i < 300 && figure(ask(guest, "GET", ""), "actualBytes") != bytes; i++) {
      Lodger.pause(50);
    }
    assertEquals(bytes, figure(ask(guest, "GET", ""), "actualBytes"));
  }

  /** Memory that the guest uses for files is given up when it is asked for. */
  @Test
  void theBalloonGrowsAndShrinks() throws IOException {
    String script =
        "mount -t tmpfs -o size=300m none /tmp && dd if=/dev/urandom of=/tmp/f bs=1M count=200 2>/dev/null"
            + " && md5sum </tmp/f >/tmp/sum; echo filled; read x; md5sum </tmp/f | cmp - /tmp/sum && echo same";
    Lodger.Running running = Lodger.run("--mem", "1G", "--name", "inflated").shell(script).start();
    running.expect("filled", LIMIT);
    String before = ask("inflated", "GET", "");
    long available = figure(before, "availableBytes");
    assertTrue(available > 600 * MIB && figure(before, "totalBytes") > 900 * MIB, before);
    assertEquals(0, figure(before, "actualBytes"));

    assertTrue(ask("inflated", "PUT", "{\"targetBytes\": " + 600 * MIB + "}").contains(" 204 "));
    awaitActual("inflated", 600 * MIB);
    long left = figure(ask("inflated", "GET", ""), "availableBytes");
    assertTrue(left < available - 550 * MIB, left / MIB + " MiB of " + available / MIB);
    long host = hostBytes("inflated");
    assertTrue(host < 450 * MIB, host / MIB + " MiB");

    ask("inflated", "PUT", "{\"targetBytes\": 0}");
    awaitActual("inflated", 0);
    running.type("\n");
    running.expect("same", LIMIT);
    assertEquals(0, running.await(LIMIT), running::toString);
  }

  @Test
  void freedMemoryGoesBackWithinTenSeconds() {
    String script =
        "mount -t tmpfs -o size=600m none /tmp && dd if=/dev/zero of=/tmp/f bs=1M count=512 2>/dev/null"
            + " && echo filled; read x; rm /tmp/f; echo freed; read x; dd if=/dev/urandom of=/tmp/f bs=1M"
            + " count=300 2>/dev/null; cp /tmp/f /tmp/g && cmp /tmp/f /tmp/g && rm /tmp/g /tmp/f && echo same";
    Lodger.Running running = Lodger.run("--mem", "1G", "--name", "balloon").shell(script).start();
    running.expect("filled", LIMIT);
    long full = hostBytes("balloon");
    assertTrue(full > 512 * MIB, full / MIB + " MiB");
    running.type("\n");
    running.expect("freed", LIMIT);
    long start = System.nanoTime();
    long now = hostBytes("balloon");
    while (now > full - 490 * MIB && System.nanoTime() - start < 10_000_000_000L) {
      Lodger.pause(100);
      now = hostBytes("balloon");
    }
    System.out.printf(
        "memory file: %d MiB, %.1f s after 512 MiB were freed %d MiB%n",
        full / MIB, (System.nanoTime() - start) / 1e9, now / MIB);
    assertTrue(now <= full - 490 * MIB, "from " + full / MIB + " to " + now / MIB + " MiB");
    running.type("\n");
    running.expect("same", LIMIT);
    assertEquals(0, running.await(LIMIT), running::toString);
  }
}
