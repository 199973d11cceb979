// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.UnixSocket;

@Timeout(30)
class LinkTest {
  private static final long BROADCAST = 0xffffffffffffL;

  @TempDir private Path temp;
  private final List<String> log = new CopyOnWriteArrayList<>();
  private final List<Member> members = new CopyOnWriteArrayList<>();

  /** A guest with one buffer each way. */
  private final class Member implements AutoCloseable {
    final LinkBackend backend;
    final long mac;
    final GuestMemory ram = GuestMemory.create("test-guest", 1 << 18);
    private final Segments frame = new Segments(ram);
    private final Segments room = new Segments(ram);
    private final int wake = Host.eventfd();

    Member(int number) {
      mac = 0x020000000000L + number;
      backend = LinkBackend.join(temp.resolve("link"), log::add);
      backend.start(NetFeatures.TCP_OFFLOADS);
      room.add(1 << 17, 1 << 17);
      members.add(this);
    }

    boolean send(long to, int size) {
      byte[] bytes = new byte[NetHeader.BYTES + size];
      put(bytes, NetHeader.BYTES, to);
      put(bytes, NetHeader.BYTES + 6, mac);
      return send(bytes);
    }

    boolean send(byte[] bytes) {
      frame.clear();
      frame.add(0, bytes.length);
      frame.write(0, bytes);
      return backend.send(frame);
    }

    private void put(byte[] bytes, int at, long address) {
      for (int i = 0; i < 6; i++) {
        bytes[at + i] = (byte) (address >>> 40 - 8 * i);
      }
    }

    /** Waits for a frame; returns its bytes without header. */
    long take() {
      for (long n = backend.receive(room); ; n = backend.receive(room)) {
        if (n > 0) {
          return n - NetHeader.BYTES;
        }
        backend.await(wake, true, false);
      }
    }

    long poll() {
      return backend.receive(room);
    }

    /** Sends until the other one has it: a member that has just come may not be known yet. */
    void reach(Member other) throws InterruptedException {
      while (true) {
        send(BROADCAST, 14 + 77);
        for (int i = 0; i < 20; i++) {
          if (other.poll() == NetHeader.BYTES + 14 + 77) {
            while (other.poll() > 0) {}
            return;
          }
          Thread.sleep(1);
        }
      }
    }

    @Override
    public void close() {
      members.remove(this);
      backend.close();
      ram.close();
      Host.close(wake);
    }
  }

  @AfterEach
  void end() {
    List.copyOf(members).forEach(Member::close);
    assertFalse(Files.exists(temp.resolve("link")));
  }

  private void meetAll(Member... all) throws InterruptedException {
    for (Member a : all) {
      for (Member b : all) {
        if (a != b) {
          a.reach(b);
        }
      }
    }
    for (Member m : all) {
      while (m.poll() > 0) {}
    }
  }

  @Test
  void framesGoToWhoTheyAreFor() throws InterruptedException {
    Member a = new Member(1);
    Member b = new Member(2);
    Member c = new Member(3);
    meetAll(a, b, c);
    for (int i = 0; i < 100; i++) {
      assertTrue(a.send(b.mac, 60 + i));
      assertEquals(60 + i, b.take());
    }
    assertEquals(0, c.poll());
    a.send(BROADCAST, 99);
    assertEquals(99, b.take());
    assertEquals(99, c.take());
    a.send(0x02ffffffffffL, 98); // nobody's: everybody gets it
    assertEquals(98, b.take());
    assertEquals(98, c.take());
    assertEquals(List.of(), log);
  }

  @Test
  void theRingWrapsUnderEverySize() throws InterruptedException {
    Member a = new Member(1);
    Member b = new Member(2);
    meetAll(a, b);
    for (int i = 0; i < 5000; i++) {
      int size = 14 + i * 7919 % (NetHeader.FRAME_MAX - 14);
      assertTrue(a.send(b.mac, size));
      assertEquals(size, b.take());
    }
  }

  @Test
  void oneWhoStandsStillDelaysNobody() throws InterruptedException {
    Member a = new Member(1);
    Member stopped = new Member(2);
    Member c = new Member(3);
    meetAll(a, stopped, c);
    long start = System.nanoTime();
    int refused = 0;
    for (int i = 0; i < 2000; i++) {
      while (!a.send(stopped.mac, 60000)) {
        refused++;
        Thread.sleep(1);
      }
      assertTrue(a.send(c.mac, 61 + i % 1000));
      assertEquals(61 + i % 1000, c.take());
      if (i % 50 == 0) {
        a.send(BROADCAST, 60);
        assertEquals(60, c.take());
      }
    }
    assertTrue(refused > 0, "it was never waited for at all");
    assertTrue(System.nanoTime() - start < 5_000_000_000L);
    while (stopped.poll() > 0) {}
    assertTrue(a.send(stopped.mac, 1234));
    assertEquals(1234, stopped.take());
  }

  @Test
  void aSenderWithoutRoomIsWokenWhenThereIsSome() throws InterruptedException {
    Member a = new Member(1);
    Member b = new Member(2);
    meetAll(a, b);
    Thread reader =
        new Thread(
            () -> {
              for (int i = 0; i < 3000; i++) {
                b.take();
              }
            });
    reader.start();
    for (int i = 0; i < 3000; i++) {
      while (!a.send(b.mac, 60000)) {
        a.backend.await(a.wake, true, true);
      }
    }
    reader.join();
    assertEquals(0, b.poll());
  }

  @Test
  void theFirstMayLeaveAndOthersMayCome() throws InterruptedException {
    Member a = new Member(1);
    Member b = new Member(2);
    meetAll(a, b);
    a.close();
    Member c = new Member(3);
    meetAll(b, c);
    Member again = new Member(1);
    meetAll(again, b, c);
  }

  @Test
  void manyMayComeAtOnce() throws Exception {
    for (int round = 0; round < 5; round++) {
      List<Thread> threads = new ArrayList<>();
      List<Member> came = new CopyOnWriteArrayList<>();
      for (int i = 0; i < 6; i++) {
        int number = i;
        Thread thread = new Thread(() -> came.add(new Member(number)));
        threads.add(thread);
        thread.start();
      }
      for (Thread thread : threads) {
        thread.join();
      }
      meetAll(came.toArray(Member[]::new));
      came.forEach(Member::close);
    }
  }

  @Test
  void hostileHeadersDoNotArrive() throws InterruptedException {
    Member a = new Member(1);
    Member b = new Member(2);
    meetAll(a, b);
    byte[] bad = new byte[NetHeader.BYTES + 60];
    bad[0] = NetHeader.FLAG_NEEDS_CSUM;
    bad[6] = (byte) 0xff;
    bad[7] = (byte) 0xff;
    assertTrue(a.send(bad));
    a.send(BROADCAST, 60);
    assertEquals(60, b.take());
    assertEquals(0, b.poll());
  }

  @Test
  void theSocketOfADeadMemberIsForgotten() throws Exception {
    Path link = temp.resolve("link");
    Member a = new Member(1);
    Path dead = link.resolve("00000000000000aa");
    ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(dead))
        .close();
    assertTrue(Files.exists(dead));
    Member b = new Member(2);
    meetAll(a, b);
    assertFalse(Files.exists(dead));
  }

  @Test
  void strangeGreetingsEndTheConnection() throws Exception {
    Member a = new Member(1);
    Path socket;
    try (var files = Files.list(temp.resolve("link"))) {
      socket = files.findFirst().orElseThrow();
    }
    try (GuestMemory small = GuestMemory.create("small", 4096)) {
      byte[] hello = new byte[LinkHello.BYTES];
      int fd = UnixSocket.connect(socket.toString());
      UnixSocket.send(fd, hello);
      awaitEnd(fd);
      fd = UnixSocket.connect(socket.toString());
      UnixSocket.send(fd, hello, small.fd(), small.fd());
      awaitEnd(fd);
      fd = UnixSocket.connect(socket.toString());
      Host.close(fd); // without a word
    }
    Member b = new Member(2);
    meetAll(a, b);
  }

  private static void awaitEnd(int fd) {
    while (true) {
      UnixSocket.Message message = UnixSocket.receive(fd, 100);
      if (message != null) {
        for (int given : message.descriptors()) {
          Host.close(given);
        }
        if (message.bytes().length == 0) {
          Host.close(fd);
          return;
        }
      }
    }
  }

  @Test
  void badFoldersAreRefused() throws IOException {
    Path file = Files.createFile(temp.resolve("file"));
    assertThrows(NetException.class, () -> LinkBackend.join(file, log::add));
    Path open = Files.createDirectory(temp.resolve("open"));
    Files.setPosixFilePermissions(
        open, java.nio.file.attribute.PosixFilePermissions.fromString("rwxrwxrwx"));
    assertThrows(NetException.class, () -> LinkBackend.join(open, log::add));
    assertThrows(
        NetException.class, () -> LinkBackend.join(temp.resolve("x".repeat(120)), log::add));
  }
}
