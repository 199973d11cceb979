// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.vsock;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
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
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A driver of packets on one side, real unix sockets on the other. */
@Timeout(30)
class VsockDeviceTest {
  private static final int GUEST_PORT = 1234;
  private static final int HOST_PORT = 77;

  @TempDir private Path folder;
  private Path path;
  private PacketDriver guest;

  @BeforeEach
  void start() throws IOException {
    path = folder.resolve("v");
    guest = new PacketDriver(path);
  }

  @AfterEach
  void close() {
    guest.close();
    assertFalse(Files.exists(path), "the socket is left");
  }

  private ServerSocketChannel hostListens(int port) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    Path name = Path.of(path + "_" + port);
    Files.deleteIfExists(name);
    server.bind(UnixDomainSocketAddress.of(name));
    return server;
  }

  private SocketChannel hostConnects(String line) throws IOException {
    SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path));
    client.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII)));
    return client;
  }

  private static String read(SocketChannel socket, int length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining() && socket.read(bytes) >= 0) {}
    return new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
  }

  /** A connection that the guest has made. */
  private SocketChannel open() throws Exception {
    guest.buffers(64, 4096);
    try (ServerSocketChannel server = hostListens(HOST_PORT)) {
      guest.send(Packet.REQUEST, GUEST_PORT, HOST_PORT);
      assertEquals(Packet.RESPONSE, guest.receive().op());
      return server.accept();
    }
  }

  @Test
  void theGuestConnects() throws Exception {
    try (SocketChannel host = open()) {
      guest.send(Packet.RW, GUEST_PORT, HOST_PORT, "hello".getBytes());
      assertEquals("hello", read(host, 5));
      host.write(ByteBuffer.wrap("world".getBytes()));
      Packet data = guest.receive();
      assertEquals(Packet.RW, data.op());
      assertEquals(HOST_PORT, data.fromPort());
      assertEquals(GUEST_PORT, data.toPort());
      assertEquals(2, data.fromCid());
      assertEquals(PacketDriver.CID, data.toCid());
      assertArrayEquals("world".getBytes(), guest.payload());
      assertEquals(5, data.forwarded());
    }
  }

  @Test
  void theHostConnects() throws Exception {
    guest.buffers(64, 4096);
    try (SocketChannel host = hostConnects("CONNECT 52\nearly")) {
      Packet request = guest.receive();
      assertEquals(Packet.REQUEST, request.op());
      assertEquals(52, request.toPort());
      guest.send(Packet.RESPONSE, 52, request.fromPort());
      assertEquals("OK " + request.fromPort() + "\n", read(host, 14));
      assertEquals(Packet.RW, guest.receive().op());
      assertArrayEquals("early".getBytes(), guest.payload());
      guest.send(Packet.RW, 52, request.fromPort(), "late".getBytes());
      assertEquals("late", read(host, 4));
    }
  }

  @Test
  void theGuestRefuses() throws Exception {
    guest.buffers(64, 4096);
    try (SocketChannel host = hostConnects("CONNECT 52\n")) {
      guest.send(Packet.RST, 52, guest.receive().fromPort());
      assertEquals("", read(host, 1));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\n",
        "CONNECT\n",
        "CONNECT x\n",
        "CONNECT 4294967296\n",
        "CONNECT -1\n",
        "connect 5\n",
        "GET / HTTP/1.1\r\nHost: somebody\r\n\r\n",
        "CONNECT 99999999999999999999999999999999",
      })
  void wrongLines(String line) throws Exception {
    guest.buffers(64, 4096);
    try (SocketChannel host = hostConnects(line)) {
      assertEquals("", readToEnd(host));
    }
    assertNull(guest.poll());
  }

  /** The device may leave bytes unread: then the end comes as an error. */
  private static String readToEnd(SocketChannel socket) {
    try {
      return read(socket, 1);
    } catch (IOException e) {
      return "";
    }
  }

  @Test
  void nobodyListens() throws Exception {
    guest.buffers(64, 4096);
    guest.send(Packet.REQUEST, GUEST_PORT, HOST_PORT);
    Packet reset = guest.receive();
    assertEquals(Packet.RST, reset.op());
    assertEquals(GUEST_PORT, reset.toPort());
    assertEquals(HOST_PORT, reset.fromPort());
    Files.createFile(Path.of(path + "_78"));
    guest.send(Packet.REQUEST, GUEST_PORT, 78);
    assertEquals(Packet.RST, guest.receive().op());
  }

  @Test
  void aCrowdedListener() throws Exception {
    guest.buffers(64, 4096);
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path + "_" + HOST_PORT), 1);
      for (int i = 0; i < 4; i++) {
        guest.send(Packet.REQUEST, GUEST_PORT + i, HOST_PORT);
      }
      int refused = 0;
      for (int i = 0; i < 4; i++) {
        refused += guest.receive().op() == Packet.RST ? 1 : 0;
      }
      assertTrue(refused > 0, "nobody waits for a place in its backlog");
    }
  }

  @Test
  void theHostEndsFirst() throws Exception {
    try (SocketChannel host = open()) {
      host.write(ByteBuffer.wrap("bye".getBytes()));
      host.shutdownOutput();
      assertEquals(Packet.RW, guest.receive().op());
      Packet end = guest.receive();
      assertEquals(Packet.SHUTDOWN, end.op());
      assertEquals(Packet.NO_SEND, end.flags());
      guest.send(Packet.RW, GUEST_PORT, HOST_PORT, "not yet".getBytes());
      assertEquals("not yet", read(host, 7));
      guest.shutdown(GUEST_PORT, HOST_PORT, Packet.NO_SEND | Packet.NO_RECEIVE);
      assertEquals(Packet.RST, guest.receive().op());
      assertEquals("", read(host, 1));
    }
  }

  @Test
  void theGuestEndsFirst() throws Exception {
    try (SocketChannel host = open()) {
      guest.send(Packet.RW, GUEST_PORT, HOST_PORT, "bye".getBytes());
      guest.shutdown(GUEST_PORT, HOST_PORT, Packet.NO_SEND);
      assertEquals("bye", read(host, 100));
      host.write(ByteBuffer.wrap("not yet".getBytes()));
      assertEquals(Packet.RW, guest.receive().op());
      assertArrayEquals("not yet".getBytes(), guest.payload());
      guest.send(Packet.RW, GUEST_PORT, HOST_PORT, "x".getBytes());
      assertEquals(Packet.RST, guest.receive().op(), "data behind its end");
    }
  }

  @Test
  void theHostLeaves() throws Exception {
    try (SocketChannel host = open()) {
      host.close();
      assertEquals(Packet.SHUTDOWN, guest.receive().op());
      guest.send(Packet.RW, GUEST_PORT, HOST_PORT, "x".getBytes());
      assertEquals(Packet.RST, guest.receive().op());
      guest.send(Packet.RW, GUEST_PORT, HOST_PORT, "x".getBytes());
      assertEquals(Packet.RST, guest.receive().op(), "the connection is forgotten");
    }
  }

  @Test
  void aResetEndsIt() throws Exception {
    try (SocketChannel host = open()) {
      guest.send(Packet.RST, GUEST_PORT, HOST_PORT);
      assertEquals("", read(host, 1));
    }
    assertNull(guest.poll(), "nobody answers a reset");
  }

  @Test
  void noCreditNoData() throws Exception {
    guest.space = 10;
    try (SocketChannel host = open()) {
      host.write(ByteBuffer.wrap("0123456789abcdef".getBytes()));
      assertEquals(10, guest.receive().length());
      Thread.sleep(50);
      assertNull(guest.poll());
      guest.forwarded = 4;
      guest.send(Packet.CREDIT_UPDATE, GUEST_PORT, HOST_PORT);
      assertEquals(4, guest.receive().length());
      assertArrayEquals("abcd".getBytes(), guest.payload());
      guest.forwarded = 100; // more than was ever sent
      guest.send(Packet.CREDIT_UPDATE, GUEST_PORT, HOST_PORT);
      Thread.sleep(50);
      assertNull(guest.poll());
      guest.forwarded = 14;
      guest.send(Packet.CREDIT_UPDATE, GUEST_PORT, HOST_PORT);
      assertEquals(2, guest.receive().length());
    }
  }

  @Test
  void aGuestThatOverdrawsIsCutOff() throws Exception {
    try (SocketChannel host = open()) {
      byte[] much = new byte[1 << 16];
      Packet answer = null;
      for (int i = 0; i < 20 && answer == null; i++) { // the host's socket takes some as well
        guest.send(Packet.RW, GUEST_PORT, HOST_PORT, much);
        Thread.sleep(5);
        answer = guest.poll();
        while (answer != null && answer.op() == Packet.CREDIT_UPDATE) {
          answer = guest.poll();
        }
      }
      assertEquals(Packet.RST, answer.op());
    }
    assertNull(guest.driver.broken);
  }

  /** Megabytes through a buffer of 128 KiB, with a host that reads when it likes. */
  @Test
  void creditComesBackAsTheHostReads() throws Exception {
    byte[] all = new byte[4 << 20];
    new Random(1).nextBytes(all);
    try (SocketChannel host = open()) {
      byte[] got = new byte[all.length];
      Thread reader =
          new Thread(
              () -> {
                try {
                  ByteBuffer to = ByteBuffer.wrap(got);
                  Thread.sleep(100);
                  while (to.hasRemaining() && host.read(to) >= 0) {}
                } catch (IOException | InterruptedException e) {
                  throw new AssertionError(e);
                }
              });
      reader.start();
      int forwarded = 0;
      for (int sent = 0; sent < all.length; ) {
        int free = Credit.SPACE - (sent - forwarded);
        int part = Math.min(Math.min(free, 20_000), all.length - sent);
        if (part > 0) {
          guest.send(Packet.RW, GUEST_PORT, HOST_PORT, Arrays.copyOfRange(all, sent, sent + part));
          sent += part;
        }
        Packet update = part > 0 ? guest.poll() : guest.receive();
        if (update != null) {
          assertEquals(Packet.CREDIT_UPDATE, update.op());
          forwarded = update.forwarded();
          guest.buffers(1, 4096);
        }
      }
      reader.join();
      assertArrayEquals(all, got);
    }
  }

  @Test
  void creditIsTold() throws Exception {
    try (SocketChannel host = open()) {
      guest.send(Packet.RW, GUEST_PORT, HOST_PORT, new byte[500]);
      assertEquals(500, read(host, 500).length());
      guest.send(Packet.CREDIT_REQUEST, GUEST_PORT, HOST_PORT);
      Packet update = guest.receive();
      assertEquals(Packet.CREDIT_UPDATE, update.op());
      assertEquals(500, update.forwarded());
      assertEquals(Credit.SPACE, update.space());
    }
  }

  @Test
  void packetsWaitForBuffers() throws Exception {
    guest.send(Packet.RW, GUEST_PORT, HOST_PORT, new byte[5]);
    guest.send(Packet.RW, GUEST_PORT, HOST_PORT, new byte[5]);
    Thread.sleep(30);
    guest.buffers(1, 44);
    assertEquals(Packet.RST, guest.receive().op());
    assertNull(guest.poll());
    guest.buffers(1, 44);
    assertEquals(Packet.RST, guest.receive().op());
  }

  /** 128 refusals wait at most; then its packets do, and nothing is lost. */
  @Test
  void aFloodOfStrayPackets() throws Exception {
    for (int i = 0; i < 100; i++) {
      guest.send(Packet.RW, i, HOST_PORT, new byte[1]);
    }
    while (guest.sent() < 100) {
      Thread.sleep(1);
    }
    for (int i = 100; i < 200; i++) {
      guest.send(Packet.RW, i, HOST_PORT, new byte[1]);
    }
    Thread.sleep(100);
    assertEquals(128, guest.sent());
    for (int i = 0; i < 200; i++) {
      guest.buffers(1, 44);
      assertEquals(i, guest.receive().toPort());
    }
    assertEquals(200, guest.sent());
  }

  @Test
  void tooManyConnections() throws Exception {
    guest.buffers(64, 64);
    try (ServerSocketChannel server = hostListens(HOST_PORT)) {
      int opened = 0;
      for (int i = 0; i < 600; i++) {
        guest.send(Packet.REQUEST, i, HOST_PORT);
        opened += guest.receive().op() == Packet.RESPONSE ? 1 : 0;
        guest.buffers(1, 64);
        if (opened == i + 1) {
          server.accept().close();
          guest.receive();
          guest.buffers(1, 64);
        }
      }
      assertEquals(512, opened);
    }
  }

  @Test
  void packetsOfOthers() throws Exception {
    guest.buffers(64, 4096);
    guest.raw(new Packet(99, 2, 1, 2, 0, 1, Packet.REQUEST, 0, 0, 0), 44);
    guest.raw(new Packet(PacketDriver.CID, 9, 1, 2, 0, 1, Packet.REQUEST, 0, 0, 0), 44);
    Packet refused = guest.receive();
    assertEquals(Packet.RST, refused.op());
    assertEquals(9, refused.fromCid());
    guest.raw(new Packet(PacketDriver.CID, 2, 1, 2, 0, 2, Packet.REQUEST, 0, 0, 0), 44);
    assertEquals(2, guest.receive().type());
    assertNull(guest.poll());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 8, 99, 65535})
  void operationsThatDoNotBelongThere(int op) throws Exception {
    try (SocketChannel host = open()) {
      guest.send(op, GUEST_PORT, HOST_PORT);
      assertEquals(Packet.RST, guest.receive().op());
      assertEquals("", read(host, 1));
    }
  }

  @Test
  void lengthsThatLie() throws Exception {
    guest.raw(new Packet(PacketDriver.CID, 2, 1, 2, 100, 1, Packet.RW, 0, 0, 0), 60);
    guest.awaitBroken("packet says 100 bytes in a buffer of 60");
    guest.restart();
    guest.raw(new Packet(PacketDriver.CID, 2, 1, 2, -1, 1, Packet.RW, 0, 0, 0), 60);
    guest.awaitBroken("packet says 4294967295 bytes");
    guest.restart();
    guest.raw(new Packet(PacketDriver.CID, 2, 1, 2, 0, 1, Packet.RW, 0, 0, 0), 43);
    guest.awaitBroken("packet of 43 bytes");
  }

  @Test
  void buffersTooSmall() throws Exception {
    guest.buffers(1, 43);
    guest.send(Packet.RW, GUEST_PORT, HOST_PORT);
    guest.awaitBroken("receive buffer of 43 bytes");
  }

  @Test
  void aResetClosesEverything() throws Exception {
    SocketChannel host = open();
    guest.restart();
    assertEquals("", read(host, 1));
    try (SocketChannel again = open()) {
      assertTrue(again.isOpen());
    }
  }

  @Test
  void noDriverNoConnection() throws Exception {
    guest.driver.broken("over");
    try (SocketChannel host = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      assertEquals("", readToEnd(host));
    }
  }

  @Test
  void theSocketIsTheUsersOwn() throws Exception {
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
  }

  @Test
  void socketsInUseAndStaleOnes() throws Exception {
    String inUse = assertThrows(IOException.class, () -> HostSockets.listen(path)).getMessage();
    assertTrue(inUse.contains("in use"), inUse);
    Path stale = folder.resolve("stale");
    ServerSocketChannel killed = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    killed.bind(UnixDomainSocketAddress.of(stale)).close();
    assertTrue(Files.exists(stale));
    HostSockets.listen(stale).close();
    assertFalse(Files.exists(stale));
    Path file = Files.createFile(folder.resolve("file"));
    String noSocket = assertThrows(IOException.class, () -> HostSockets.listen(file)).getMessage();
    assertTrue(noSocket.contains("no socket"), noSocket);
    assertTrue(Files.exists(file));
    Path nowhere = folder.resolve("nowhere/v");
    assertThrows(IOException.class, () -> HostSockets.listen(nowhere));
    Path longest = folder.resolve("v".repeat(100));
    String tooLong =
        assertThrows(IOException.class, () -> HostSockets.listen(longest)).getMessage();
    assertTrue(tooLong.contains("too long"), tooLong);
  }
}
