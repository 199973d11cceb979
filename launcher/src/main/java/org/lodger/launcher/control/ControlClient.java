// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.impl.io.DefaultHttpResponseParser;
import org.apache.hc.core5.http.impl.io.SessionInputBufferImpl;
import org.lodger.launcher.UsageException;

/** The other end of a guest's control socket. */
public final class ControlClient implements AutoCloseable {
  private static final int ANSWER_MAX = 16 << 20;

  private final String name;
  private final SocketChannel channel;
  private final InputStream in;
  private final OutputStream out;
  private final SessionInputBufferImpl buffer = new SessionInputBufferImpl(4096);

  /** An answer; its body may be empty. */
  public record Answer(int status, String body) {
    public boolean ok() {
      return status < 300;
    }

    /** The reason of a refusal. */
    public String error() {
      try {
        return Json.read(body, JsonObject.class).get("error").getAsString();
      } catch (JsonParseException | NullPointerException | IllegalStateException e) {
        return "status " + status;
      }
    }
  }

  private ControlClient(String name, SocketChannel channel) {
    this.name = name;
    this.channel = channel;
    in = SocketStreams.in(channel);
    out = SocketStreams.out(channel);
  }

  /** Connects to a guest of this user. */
  public static ControlClient connect(String name) {
    GuestFiles files = GuestFiles.of(name);
    try {
      return open(files);
    } catch (IOException e) {
      throw new UsageException(
          "no guest called " + name + " runs here; lodger ps shows those that do");
    }
  }

  /**
   * Connects to whoever listens.
   *
   * @throws IOException if nobody does
   */
  static ControlClient open(GuestFiles files) throws IOException {
    if (!Files.exists(files.socket())) {
      throw new IOException("no socket");
    }
    return new ControlClient(
        files.name(), SocketChannel.open(UnixDomainSocketAddress.of(files.socket())));
  }

  /** Sends a request and waits for its answer. */
  public Answer call(String method, String path, Object body) {
    try {
      send(method, path, body == null ? "" : Json.write(body), "");
      return receive();
    } catch (IOException | HttpException e) {
      throw new UsageException("guest " + name + " does not answer: " + e.getMessage());
    }
  }

  /** The same, for a request that must not be refused. */
  public String must(String method, String path) {
    Answer answer = call(method, path, null);
    if (!answer.ok()) {
      throw new UsageException(answer.error());
    }
    return answer.body();
  }

  /** Waits for the guest's end; a launcher that has closed the connection has seen it, too. */
  public boolean awaitEnd(int seconds) {
    try {
      send("GET", "/v1/end?timeoutSeconds=" + seconds, "", "");
      return receive().status() == 200;
    } catch (IOException | HttpException e) {
      return true;
    }
  }

  /** Attaches to the console: from now on the streams are its. */
  public void attach() {
    try {
      send("GET", "/v1/console", "", "Connection: Upgrade\r\nUpgrade: lodger-console\r\n");
      Answer answer = receive();
      if (answer.status() != 101) {
        throw new UsageException(answer.error());
      }
    } catch (IOException | HttpException e) {
      throw new UsageException("guest " + name + " does not answer: " + e.getMessage());
    }
  }

  /** What the console shows; -1 when the guest has ended. */
  public int read(byte[] bytes) throws IOException {
    return buffer.read(bytes, in);
  }

  public void write(byte[] bytes, int length) throws IOException {
    out.write(bytes, 0, length);
  }

  private void send(String method, String path, String body, String headers) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    String head =
        method
            + " "
            + path
            + " HTTP/1.1\r\nHost: lodger\r\n"
            + headers
            + (bytes.length == 0
                ? ""
                : "Content-Type: application/json\r\nContent-Length: " + bytes.length + "\r\n")
            + "\r\n";
    out.write(head.getBytes(StandardCharsets.ISO_8859_1));
    out.write(bytes);
  }

  private Answer receive() throws IOException, HttpException {
    ClassicHttpResponse response = new DefaultHttpResponseParser().parse(buffer, in);
    if (response == null) {
      throw new IOException("the connection was closed");
    }
    Header length = response.getFirstHeader(HttpHeaders.CONTENT_LENGTH);
    byte[] body = new byte[length == null ? 0 : Integer.parseInt(length.getValue())];
    if (body.length > ANSWER_MAX) {
      throw new IOException("an answer of " + body.length + " bytes");
    }
    for (int done = 0; done < body.length; ) {
      int n = buffer.read(body, done, body.length - done, in);
      if (n < 0) {
        throw new IOException("half an answer");
      }
      done += n;
    }
    return new Answer(response.getCode(), new String(body, StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      // It is of no more use either way.
    }
  }
}
