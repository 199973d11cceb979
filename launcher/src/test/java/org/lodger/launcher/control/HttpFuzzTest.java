// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lodger.launcher.life.LiveGuest;

/**
 * Whatever bytes arrive, whole answers leave, none of them is an internal error, and every refusal
 * says why in JSON. The test replays inputs that were worth keeping; test/fuzz looks for more.
 */
public class HttpFuzzTest {
  private static final Router ROUTER = router();
  private static final HttpConnection.Watch NO_WATCH =
      new HttpConnection.Watch() {
        @Override
        public void start() {}

        @Override
        public void stop() {}

        @Override
        public void owing(boolean answer) {}
      };

  private static Router router() {
    try {
      Path dir = Files.createTempDirectory("fuzz");
      LiveGuest deaf = StillGuest.makeDeaf(dir);
      return new Router(new ControlApi(deaf).routes(), StillGuest.LOG);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static Stream<Path> seeds() throws IOException {
    return Files.list(Path.of("src/test/resources/fuzz/http"));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void replay(Path seed) throws IOException, InterruptedException {
    fuzzerTestOneInput(Files.readAllBytes(seed));
  }

  /** What a fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] input) throws InterruptedException {
    // To wait for the end of a guest that never ends would only take time.
    if (new String(input, StandardCharsets.ISO_8859_1).contains("timeoutSeconds")) {
      return;
    }
    ByteArrayOutputStream answers = new ByteArrayOutputStream();
    try {
      new HttpConnection(new ByteArrayInputStream(input), answers, ROUTER, NO_WATCH).serve();
    } catch (IOException e) {
      // The connection ends without another answer.
    }
    check(answers.toString(StandardCharsets.UTF_8));
  }

  private static void check(String answers) {
    int at = 0;
    while (at < answers.length()) {
      assertTrue(answers.startsWith("HTTP/1.1 ", at), answers);
      int status = Integer.parseInt(answers.substring(at + 9, at + 12));
      int head = answers.indexOf("\r\n\r\n", at);
      assertTrue(head > 0, answers);
      String headers = answers.substring(at, head);
      assertFalse(status >= 500, answers);
      int field = headers.indexOf("Content-Length: ");
      int length = field < 0 ? 0 : Integer.parseInt(headers.substring(field + 16).split("\r\n")[0]);
      at = head + 4 + length;
      assertTrue(at <= answers.length(), answers);
      if (status >= 400) {
        JsonObject body = Json.read(answers.substring(head + 4, at), JsonObject.class);
        assertEquals(1, body.size(), answers);
        assertEquals(1, body.get("error").getAsString().lines().count(), answers);
      }
    }
  }
}
