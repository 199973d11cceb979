// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ConnectionClosedException;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.HttpVersion;
import org.apache.hc.core5.http.MessageConstraintException;
import org.apache.hc.core5.http.RequestHeaderFieldsTooLargeException;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.impl.EnglishReasonPhraseCatalog;
import org.apache.hc.core5.http.impl.io.ChunkedInputStream;
import org.apache.hc.core5.http.impl.io.DefaultHttpRequestParser;
import org.apache.hc.core5.http.impl.io.SessionInputBufferImpl;
import org.apache.hc.core5.http.message.BasicLineParser;

/**
 * HTTP/1.1 on one connection, one request after the other. Whatever the other side sends, it gets
 * an answer or the connection ends; it gets so much memory and no more.
 */
final class HttpConnection {
  static final int BODY_MAX = 64 << 10;
  private static final int LINE_MAX = 8 << 10;
  private static final Http1Config LIMITS =
      Http1Config.custom()
          .setMaxLineLength(LINE_MAX)
          .setMaxHeaderCount(100)
          .setMaxEmptyLineCount(4)
          .build();

  /** Somebody who looks after the time. */
  interface Watch {
    /** A request is to arrive, or an answer to leave, in the time that one may take. */
    void start();

    void stop();

    /** An answer is being made, and the other side counts on it. */
    void owing(boolean answer);
  }

  private final InputStream in;
  private final OutputStream out;
  private final Router router;
  private final Watch watch;
  private final SessionInputBufferImpl buffer = new SessionInputBufferImpl(4096, LINE_MAX);
  private final DefaultHttpRequestParser parser =
      new DefaultHttpRequestParser(LIMITS, BasicLineParser.INSTANCE, null);

  HttpConnection(InputStream in, OutputStream out, Router router, Watch watch) {
    this.in = in;
    this.out = out;
    this.router = router;
    this.watch = watch;
  }

  /** Serves until the other side ends the connection, or is asked to. */
  void serve() throws IOException, InterruptedException {
    boolean more = true;
    while (more) {
      more = serveOne();
    }
  }

  private boolean serveOne() throws IOException, InterruptedException {
    ClassicHttpRequest request;
    String body;
    watch.start();
    try {
      request = parse();
      if (request == null) {
        return false;
      }
      body = body(request);
    } catch (ConnectionClosedException e) {
      return false;
    } catch (MessageConstraintException | RequestHeaderFieldsTooLargeException e) {
      return refuse(431, "the request's first line or headers are too long");
    } catch (ApiException e) {
      return refuse(e.status(), e.getMessage());
    } catch (HttpException e) {
      return refuse(400, "this is no HTTP request");
    }
    watch.stop();
    Response response;
    boolean last = isLast(request);
    watch.owing(true);
    try {
      response = router.handle(request.getMethod(), request.getRequestUri(), body);
      if (response.upgrade() == null) {
        send(response, last);
        return !last;
      }
    } finally {
      watch.owing(false);
    }
    upgrade(request, response);
    return false;
  }

  private ClassicHttpRequest parse() throws IOException, HttpException {
    try {
      return parser.parse(buffer, in);
    } catch (IllegalArgumentException e) {
      // The parser's word for a version of -1.1, for one.
      throw new ApiException(400, "this is no HTTP request");
    }
  }

  private boolean refuse(int status, String reason) throws IOException {
    send(Response.error(status, reason), true);
    return false;
  }

  private String body(ClassicHttpRequest request) throws IOException {
    InputStream content = null;
    Header coding = request.getFirstHeader(HttpHeaders.TRANSFER_ENCODING);
    Header length = request.getFirstHeader(HttpHeaders.CONTENT_LENGTH);
    if (coding != null) {
      // A message with both has been used to smuggle a second one past somebody in between.
      if (length != null || !coding.getValue().equalsIgnoreCase("chunked")) {
        throw new ApiException(400, "a body has either a length or the coding chunked");
      }
      content = new ChunkedInputStream(buffer, in, LIMITS);
    } else if (length != null) {
      content = new Counted(length(request));
    }
    if (content == null) {
      return "";
    }
    expectContinue(request);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] part = new byte[4096];
    try {
      for (int n = content.read(part); n >= 0; n = content.read(part)) {
        bytes.write(part, 0, n);
        if (bytes.size() > BODY_MAX) {
          throw tooLarge();
        }
      }
    } catch (ConnectionClosedException e) {
      throw e;
    } catch (MessageConstraintException e) {
      throw new ApiException(400, "a chunk's header or trailer is too long");
    } catch (IOException e) {
      // The library's word for chunks that are none, too.
      throw new ApiException(400, "the body is not coded as the headers say");
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static int length(ClassicHttpRequest request) {
    Header[] all = request.getHeaders(HttpHeaders.CONTENT_LENGTH);
    String text = all[0].getValue();
    if (all.length != 1 || !text.matches("\\d{1,18}")) {
      throw new ApiException(400, "Content-Length must be one number");
    }
    if (Long.parseLong(text) > BODY_MAX) {
      throw tooLarge();
    }
    return Integer.parseInt(text);
  }

  private static ApiException tooLarge() {
    return new ApiException(413, "the body is longer than " + BODY_MAX + " bytes");
  }

  private void expectContinue(ClassicHttpRequest request) throws IOException {
    Header expect = request.getFirstHeader(HttpHeaders.EXPECT);
    if (expect != null && expect.getValue().equalsIgnoreCase("100-continue")) {
      out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
    }
  }

  private static boolean isLast(ClassicHttpRequest request) {
    Header connection = request.getFirstHeader(HttpHeaders.CONNECTION);
    return request.getVersion() != null && !request.getVersion().greaterEquals(HttpVersion.HTTP_1_1)
        || connection != null && connection.getValue().equalsIgnoreCase("close");
  }

  private void send(Response response, boolean last) throws IOException {
    watch.start();
    out.write(encode(response, last));
    watch.stop();
  }

  static byte[] encode(Response response, boolean last) {
    byte[] body = response.body().getBytes(StandardCharsets.UTF_8);
    StringBuilder head = head(response.status());
    if (response.type() != null) {
      head.append("Content-Type: ").append(response.type()).append("\r\n");
      head.append("Content-Length: ").append(body.length).append("\r\n");
    }
    if (last) {
      head.append("Connection: close\r\n");
    }
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    whole.writeBytes(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
    whole.writeBytes(body);
    return whole.toByteArray();
  }

  private void upgrade(ClassicHttpRequest request, Response response) throws IOException {
    Header wanted = request.getFirstHeader(HttpHeaders.UPGRADE);
    if (wanted == null || !wanted.getValue().equalsIgnoreCase(ConsoleStream.PROTOCOL)) {
      send(Response.error(426, "ask for it with Upgrade: " + ConsoleStream.PROTOCOL), true);
      return;
    }
    String head =
        head(101)
            .append("Connection: Upgrade\r\nUpgrade: " + ConsoleStream.PROTOCOL + "\r\n\r\n")
            .toString();
    out.write(head.getBytes(StandardCharsets.ISO_8859_1));
    response.upgrade().serve(new Rest(), out);
  }

  private static StringBuilder head(int status) {
    String phrase = EnglishReasonPhraseCatalog.INSTANCE.getReason(status, null);
    return new StringBuilder("HTTP/1.1 ").append(status).append(' ').append(phrase).append("\r\n");
  }

  /** A body of so many bytes. */
  private final class Counted extends InputStream {
    private int left;

    Counted(int left) {
      this.left = left;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      if (left == 0) {
        return -1;
      }
      int n = buffer.read(bytes, offset, Math.min(length, left), in);
      if (n < 0) {
        throw new ConnectionClosedException();
      }
      left -= n;
      return n;
    }
  }

  /** What follows the request, some of which may have come along with it. */
  private final class Rest extends InputStream {
    @Override
    public int read() throws IOException {
      return buffer.read(in);
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      return buffer.read(bytes, offset, length, in);
    }
  }
}
