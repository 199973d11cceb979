// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lodger.launcher.life.LiveGuest;

/** The other side of the control socket misbehaves. */
@Timeout(60)
class ControlServerTest {
  private static final long PATIENCE_MS = 500;
  private static final String GOOD = "GET /v1/guest HTTP/1.1\r\n\r\n";

  @TempDir private Path dir;
  private Path path;
  private ControlServer server;

  @BeforeEach
  void start() throws IOException {
    path = dir.resolve("s");
    LiveGuest still = StillGuest.make(dir);
    Router router = new Router(new ControlApi(still).routes(), StillGuest.LOG);
    server = ControlServer.start(path, router, StillGuest.LOG, PATIENCE_MS);
  }

  @AfterEach
  void stop() throws InterruptedException {
    server.close();
  }

  private SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(path));
  }

  private static void send(SocketChannel to, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }

  /** Reads until the server closes, or resets since it has left something unread. */
  private static String rest(SocketChannel from) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer part = ByteBuffer.allocate(1 << 16);
    try {
      while (from.read(part.clear()) > 0) {
        all.write(part.array(), 0, part.position());
      }
    } catch (IOException e) {
      // What came before it counts.
    }
    return all.toString(StandardCharsets.UTF_8);
  }

  private String ask(String request) throws IOException {
    try (SocketChannel channel = connect()) {
      try {
        send(channel, request);
        channel.shutdownOutput();
      } catch (IOException e) {
        // It need not take all that is too long.
      }
      return rest(channel);
    }
  }

  private static void assertRefusal(int status, String answer) {
    assertTrue(answer.startsWith("HTTP/1.1 " + status + " "), answer);
    String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
    assertFalse(Json.read(body, JsonObject.class).get("error").getAsString().isEmpty());
    assertFalse(answer.contains("Exception"), answer);
  }

  private void assertAlive() throws IOException {
    assertTrue(ask(GOOD).startsWith("HTTP/1.1 200 OK\r\n"));
  }

  @Test
  void onlyTheOwnerMayEnter() throws IOException {
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET /v1/nothing HTTP/1.1                            | 404",
        "GET /v1/guest/ HTTP/1.1                             | 404",
        "GET /../../etc/passwd HTTP/1.1                      | 404",
        "DELETE /v1/guest HTTP/1.1                           | 405",
        "GET /v1/end?timeoutSeconds=-1 HTTP/1.1              | 400",
        "GET /v1/end?timeoutSeconds=99999999999999 HTTP/1.1  | 400",
        "GET /v1/end?=1 HTTP/1.1                             | 400",
        "GET                                                 | 400",
        "hello                                               | 400",
        "GET / SMTP/1.0                                      | 400",
        "GET /v1/console HTTP/1.1                            | 426",
        "POST /v1/pause HTTP/1.1                             | 409",
        "POST /v1/resume HTTP/1.1                            | 409",
      })
  void refuses(String line, int status) throws IOException {
    assertRefusal(status, ask(line + "\r\n\r\n"));
    assertAlive();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"columns\":80}",
        "{\"columns\":80,\"rows\":0}",
        "{\"columns\":80,\"rows\":65536}",
        "{\"columns\":80,\"rows\":24,\"depth\":1}",
        "{\"columns\":\"80x\",\"rows\":24}",
        "{\"columns\":[80],\"rows\":24}",
        "{\"columns\":1e9,\"rows\":24}",
        "{columns:80,rows:24}",
        "[80,24]",
        "null",
        "{",
        "\"\\uD800\"",
      })
  void refusesBodies(String body) throws IOException {
    String head = "PUT /v1/console/size HTTP/1.1\r\nContent-Length: " + body.length() + "\r\n\r\n";
    assertRefusal(400, ask(head + body));
    assertAlive();
  }

  @Test
  void refusesWhatIsTooLong() throws IOException {
    assertRefusal(431, ask("GET /" + "x".repeat(1 << 20) + " HTTP/1.1\r\n\r\n"));
    assertRefusal(431, ask("GET / HTTP/1.1\r\n" + "a: b\r\n".repeat(1000) + "\r\n"));
    String put = "PUT /v1/console/size HTTP/1.1\r\n";
    assertRefusal(413, ask(put + "Content-Length: 65537\r\n\r\n" + "x".repeat(65537)));
    assertRefusal(413, ask(put + "Content-Length: 999999999999\r\n\r\n"));
    assertRefusal(400, ask(put + "Content-Length: 99999999999999999999\r\n\r\n"));
    String chunk = "8000\r\n" + "x".repeat(0x8000) + "\r\n";
    assertRefusal(413, ask(put + "Transfer-Encoding: chunked\r\n\r\n" + chunk.repeat(3)));
    String deep = "[".repeat(60_000);
    assertRefusal(400, ask(put + "Content-Length: " + deep.length() + "\r\n\r\n" + deep));
    assertAlive();
  }

  @Test
  void answersOneRequestAfterTheOther() throws IOException {
    String answers = ask(GOOD.repeat(50));
    assertEquals(50, answers.split("HTTP/1.1 200 OK\r\n", -1).length - 1, answers);
  }

  @Test
  void endsWithOneWhoIsTooSlow() throws IOException, InterruptedException {
    try (SocketChannel slow = connect()) {
      long start = System.nanoTime();
      IOException broken = null;
      for (int i = 0; i < 100 && broken == null; i++) {
        try {
          send(slow, "x");
        } catch (IOException e) {
          broken = e;
        }
        Thread.sleep(50);
      }
      assertTrue(broken != null, "a byte now and then keeps the connection");
      assertTrue(System.nanoTime() - start > PATIENCE_MS * 1_000_000);
    }
    assertAlive();
  }

  @Test
  void endsWithOneWhoDoesNotRead() throws IOException {
    try (SocketChannel deaf = connect()) {
      deaf.configureBlocking(false);
      ByteBuffer many = ByteBuffer.wrap(GOOD.repeat(1000).getBytes(StandardCharsets.US_ASCII));
      long end = System.nanoTime() + 20_000_000_000L;
      boolean closed = false;
      while (!closed && System.nanoTime() < end) {
        try {
          deaf.write(many.rewind());
          Thread.onSpinWait();
        } catch (IOException e) {
          closed = true;
        }
      }
      assertTrue(closed, "its answers pile up for ever");
    }
    assertAlive();
  }

  @Test
  void serves64AtATime() throws IOException {
    List<SocketChannel> idle = new ArrayList<>();
    try {
      for (int i = 0; i < ControlServer.CONNECTIONS_MAX; i++) {
        SocketChannel channel = connect();
        send(channel, "G");
        idle.add(channel);
      }
      assertRefusal(503, ask(""));
    } finally {
      for (SocketChannel channel : idle) {
        channel.close();
      }
    }
    String answer = "";
    for (int i = 0; i < 100 && !answer.contains(" 200 "); i++) {
      answer = ask(GOOD);
    }
    assertTrue(answer.contains(" 200 "), answer);
  }

  @Test
  void waitsOnlyAsLongAsAsked() throws IOException {
    String answer = ask("GET /v1/end?timeoutSeconds=1 HTTP/1.1\r\nConnection: close\r\n\r\n");
    assertTrue(answer.startsWith("HTTP/1.1 204 "), answer);
  }
}
