// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Streams between programs in a guest and on the host: see test/guest/vsock.c. */
@Timeout(180)
class VsockIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int BYTES = 8 << 20;

  @TempDir private Path folder;
  private Path socket;

  @BeforeEach
  void name() {
    socket = folder.resolve("v");
  }

  private Lodger guest(String... command) {
    return Lodger.run("--vsock", "3,path=" + socket)
        .disk(Disks.programs(), "ro")
        .command("/test/vsock")
        .with(command);
  }

  private static byte[] random(int seed) {
    byte[] bytes = new byte[BYTES];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private ServerSocketChannel hostListens(int port) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    return server.bind(UnixDomainSocketAddress.of(socket + "_" + port));
  }

  private static byte[] readToEnd(SocketChannel from) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(BYTES + 1);
    while (from.read(bytes) >= 0) {}
    byte[] read = new byte[bytes.position()];
    bytes.flip().get(read);
    return read;
  }

  private SocketChannel hostConnects(int port) throws IOException {
    SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(socket));
    client.write(ByteBuffer.wrap(("CONNECT " + port + "\n").getBytes(StandardCharsets.US_ASCII)));
    StringBuilder line = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (client.read(one.clear()) > 0) {
      line.append((char) one.get(0));
      if (one.get(0) == '\n') {
        break;
      }
    }
    assertTrue(line.toString().matches("OK \\d+\n"), line::toString);
    return client;
  }

  /** Both directions at once, each with an end of its own. */
  @Test
  void theGuestConnects() throws Exception {
    byte[] toHost = random(1);
    byte[] toGuest = random(2);
    try (ServerSocketChannel server = hostListens(77)) {
      Lodger.Running running = guest("connect", "77").start();
      running.feed(toHost);
      try (SocketChannel host = server.accept()) {
        CompletableFuture<byte[]> got = CompletableFuture.supplyAsync(() -> quietly(host));
        host.write(ByteBuffer.wrap(toGuest));
        host.shutdownOutput();
        assertArrayEquals(toHost, got.get());
      }
      assertEquals(0, running.await(LIMIT));
      assertArrayEquals(toGuest, running.stdout());
    }
    assertFalse(Files.exists(socket), "the socket is left");
  }

  private static byte[] quietly(SocketChannel host) {
    try {
      return readToEnd(host);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void theHostConnectsFourTimes() throws Exception {
    Lodger.Running running = guest("echo", "52", "4").start();
    while (!new String(running.stderr(), StandardCharsets.UTF_8).contains("listening")) {
      assertTrue(running.process().isAlive(), running::toString);
      Lodger.pause(10);
    }
    List<CompletableFuture<Boolean>> all = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      byte[] words = random(i);
      all.add(CompletableFuture.supplyAsync(() -> echoes(words)));
    }
    for (CompletableFuture<Boolean> one : all) {
      assertTrue(one.get());
    }
    assertEquals(0, running.await(LIMIT), running::toString);
  }

  private boolean echoes(byte[] words) {
    try (SocketChannel host = hostConnects(52)) {
      CompletableFuture<byte[]> back = CompletableFuture.supplyAsync(() -> quietly(host));
      host.write(ByteBuffer.wrap(words));
      host.shutdownOutput();
      return Arrays.equals(words, back.get());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void nobodyListens() {
    Lodger.Result result = guest("refused", "78").finish();
    assertEquals(0, result.status(), result::toString);
  }

  /** A host that never reads stops one stream, and not the guest's other streams. */
  @Test
  void aHostThatDoesNotRead() throws Exception {
    try (ServerSocketChannel deaf = hostListens(1);
        ServerSocketChannel good = hostListens(2)) {
      String script =
          "/test/vsock connect 1 < /dev/zero & sleep 0.3; echo hello | /test/vsock connect 2; kill $!";
      Lodger.Running running =
          Lodger.run("--vsock", "4,path=" + socket).disk(Disks.programs(), "ro").shell(script).start();
      try (SocketChannel first = deaf.accept();
          SocketChannel second = good.accept()) {
        assertEquals("hello\n", new String(readToEnd(second), StandardCharsets.UTF_8));
        second.shutdownOutput();
        assertEquals(0, running.await(LIMIT), running::toString);
        assertTrue(first.isOpen());
      }
    }
  }

  @Test
  void aKilledGuestsSocketIsTakenOver() throws Exception {
    Lodger.Running killed =
        Lodger.run("--name", "vkilled", "--vsock", "3,path=" + socket).shell("echo up; sleep 100").start();
    killed.expect("up", LIMIT);
    Lodger.Result second = Lodger.run("--vsock", "3,path=" + socket).command("true").finish();
    assertEquals(2, second.status(), second::toString);
    assertTrue(second.err().contains("in use"), second::toString);
    killed.process().destroyForcibly().waitFor();
    assertTrue(Host.gone("vkilled"));
    assertTrue(Files.exists(socket), "nobody was there to remove it");
    assertEquals(0, guest("refused", "9").finish().status());
    assertFalse(Files.exists(socket));
  }

  @Test
  void wrongOptions() throws IOException {
    for (String option : List.of("", "x", "2", "4294967295", "3,path=", "3,colour=red", "3,path=/nowhere/v")) {
      Lodger.Result result = Lodger.run("--vsock", option).command("true").finish();
      assertEquals(2, result.status(), result::toString);
      assertEquals(1, result.err().lines().count(), result::toString);
      assertTrue(result.err().contains("--vsock"), result::toString);
    }
    Path file = Files.createFile(folder.resolve("file"));
    Lodger.Result result = Lodger.run("--vsock", "3,path=" + file).command("true").finish();
    assertEquals(2, result.status(), result::toString);
    assertTrue(Files.exists(file));
  }
}
