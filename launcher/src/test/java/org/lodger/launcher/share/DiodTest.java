// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.share;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodger.launcher.Programs;
import org.lodger.launcher.UsageException;

/** The real server, and a client that would like to see more than its directory. */
@Timeout(20)
class DiodTest {
  private static final int RLERROR = 7;
  private static final int TLOPEN = 12;
  private static final int TLCREATE = 14;
  private static final int TSYMLINK = 16;
  private static final int TMKNOD = 18;
  private static final int TRENAME = 20;
  private static final int TGETATTR = 24;
  private static final int TVERSION = 100;
  private static final int TATTACH = 104;
  private static final int TWALK = 110;
  private static final int TREAD = 116;
  private static final int NO_FID = -1;
  private static final int ROOT_FID = 1;

  @TempDir private Path folder;
  private Path shared;
  private Process process;
  private int nextFid = 2;

  @BeforeEach
  void prepare() throws IOException {
    Assumptions.assumeTrue(Programs.find("diod").isPresent(), "diod is missing");
    Assumptions.assumeTrue(Programs.find("bwrap").isPresent(), "bubblewrap is missing");
    List<String> probe = List.of("bwrap", "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "true");
    Assumptions.assumeTrue(Programs.status(probe) == 0, "this host allows no user namespaces");
    shared = Files.createDirectory(folder.resolve("shared"));
    Files.writeString(folder.resolve("secret"), "secret");
  }

  @AfterEach
  void end() throws InterruptedException {
    if (process != null) {
      process.destroyForcibly().waitFor();
    }
  }

  private void serve(boolean readOnly) throws IOException {
    Diod diod = new Diod(shared, readOnly, "lodger:test:share-s", line -> {});
    diod.check();
    process = diod.start();
    ask(TVERSION, body().putInt(65536), "9P2000.L");
    ByteBuffer attach = body().putInt(ROOT_FID).putInt(NO_FID);
    string(string(attach, ""), diod.root()).putInt(diod.owner());
    assertEquals(TATTACH + 1, type(ask(TATTACH, attach)));
  }

  private static ByteBuffer body() {
    return ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static ByteBuffer string(ByteBuffer to, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return to.putShort((short) bytes.length).put(bytes);
  }

  private byte[] ask(int type, ByteBuffer body, String... strings) throws IOException {
    for (String text : strings) {
      string(body, text);
    }
    int size = 7 + body.position();
    ByteBuffer message = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    message.putInt(size).put((byte) type).putShort((short) 1).put(body.flip());
    process.getOutputStream().write(message.array());
    process.getOutputStream().flush();
    byte[] length = process.getInputStream().readNBytes(4);
    int rest = ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getInt() - 4;
    return process.getInputStream().readNBytes(rest);
  }

  private static int type(byte[] reply) {
    return reply[0] & 0xff;
  }

  /** Walks as Linux would never do, and returns the new fid; -1 if the server does not. */
  private int walk(int from, String... names) throws IOException {
    int fid = nextFid++;
    byte[] reply =
        ask(TWALK, body().putInt(from).putInt(fid).putShort((short) names.length), names);
    int walked = type(reply) == RLERROR ? -1 : reply[3] & 0xff;
    return walked == names.length ? fid : -1;
  }

  private boolean opens(int fid) throws IOException {
    return fid >= 0 && type(ask(TLOPEN, body().putInt(fid).putInt(0))) != RLERROR;
  }

  private String content(int fid) throws IOException {
    byte[] reply = ask(TREAD, body().putInt(fid).putLong(0).putInt(100));
    return new String(reply, 7, reply.length - 7, StandardCharsets.UTF_8);
  }

  private int symlink(String name, String target) throws IOException {
    return type(ask(TSYMLINK, string(string(body().putInt(ROOT_FID), name), target).putInt(0)));
  }

  @Test
  void servesItsFiles() throws IOException {
    Files.writeString(shared.resolve("f"), "content");
    serve(false);
    int fid = walk(ROOT_FID, "f");
    assertTrue(opens(fid));
    assertEquals("content", content(fid));
  }

  @Test
  void namesThatClimb() throws IOException {
    Files.createDirectory(shared.resolve("d"));
    serve(false);
    String[][] paths = {
      {"..", "secret"},
      {"d", "..", "..", "secret"},
      {"../secret"},
      {"d/../../secret"},
      {"..", "etc", "passwd"},
      {"../etc/passwd"},
      {"..", "proc", "self", "environ"},
      {"..", "..", "..", "..", "home"},
      {"..", folder.toString().substring(1), "secret"},
    };
    for (String[] path : paths) {
      assertEquals(false, opens(walk(ROOT_FID, path)), String.join(" ", path));
    }
  }

  @Test
  void linksThatLeadOut() throws IOException {
    serve(false);
    String[] targets = {
      "/etc/passwd", "../secret", folder + "/secret", "/proc/self/exe", "/dev/null", "/proc/1/root"
    };
    for (String target : targets) {
      assertNotEquals(RLERROR, symlink("link", target));
      assertEquals(false, opens(walk(ROOT_FID, "link")), target);
      Files.delete(shared.resolve("link"));
    }
    symlink("up", "..");
    assertEquals(false, opens(walk(ROOT_FID, "up", "secret")));
  }

  /** The server remembers a path, and a part of it becomes a link. */
  @Test
  void aDirectoryThatTurnsIntoALink() throws IOException {
    Path dir = Files.createDirectory(shared.resolve("d"));
    Files.writeString(dir.resolve("secret"), "public");
    Files.createDirectory(dir.resolve("etc"));
    Files.writeString(dir.resolve("etc/passwd"), "public");
    serve(false);
    int secret = walk(ROOT_FID, "d", "secret");
    int passwd = walk(ROOT_FID, "d", "etc", "passwd");
    assertNotEquals(
        RLERROR, type(ask(TRENAME, body().putInt(walk(ROOT_FID, "d")).putInt(ROOT_FID), "e")));
    symlink("d", folder.toString());
    assertEquals(false, opens(secret));
    Files.delete(shared.resolve("d"));
    symlink("d", "/");
    assertEquals(false, opens(passwd));
  }

  /** What little there is besides the directory belongs to nobody, and nobody can write there. */
  @Test
  void theRootOfItsWorld() throws IOException {
    serve(false);
    int root = walk(ROOT_FID, "..");
    ByteBuffer create = string(body().putInt(root), "f").putInt(2).putInt(0644).putInt(0);
    assertEquals(RLERROR, type(ask(TLCREATE, create)));
    int device = walk(ROOT_FID);
    ByteBuffer node =
        string(body().putInt(device), "disk").putInt(060600).putInt(8).putInt(0).putInt(0);
    assertEquals(RLERROR, type(ask(TMKNOD, node)));
  }

  @Test
  void readOnlyMeansThat() throws IOException {
    Files.writeString(shared.resolve("f"), "content");
    serve(true);
    assertEquals(RLERROR, symlink("link", "f"));
    int fid = walk(ROOT_FID, "f");
    assertEquals(RLERROR, type(ask(TLOPEN, body().putInt(fid).putInt(2))));
    ByteBuffer create = string(body().putInt(walk(ROOT_FID)), "g").putInt(2).putInt(0644).putInt(0);
    assertEquals(RLERROR, type(ask(TLCREATE, create)));
    assertEquals(1, shared.toFile().list().length);
  }

  @Test
  void filesAreTheOwners() throws IOException {
    Files.writeString(shared.resolve("f"), "content");
    serve(false);
    byte[] reply = ask(TGETATTR, body().putInt(walk(ROOT_FID, "f")).putLong(0x7ff));
    ByteBuffer attributes = ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(1, attributes.getInt(28));
    assertEquals(1, attributes.getInt(32));
  }

  @Test
  void endsWhenItsInputEnds() throws Exception {
    serve(false);
    process.getOutputStream().close();
    assertTrue(process.waitFor(5, TimeUnit.SECONDS));
  }

  @Test
  void aDirectoryThatIsGone() throws IOException {
    Files.delete(shared);
    Diod diod = new Diod(shared, false, "lodger:test:share-s", line -> {});
    String why = assertThrows(UsageException.class, diod::check).getMessage();
    assertTrue(why.contains("cannot share " + shared + ": bwrap: Can't find source path"), why);
  }
}
