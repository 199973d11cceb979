// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.UnixSocket;

@Timeout(20)
class FrameStreamTest {
  private final int[] pair = UnixSocket.pair();
  private final GuestMemory ram = GuestMemory.create("test-guest", 1 << 20);
  private final FrameStream stream;
  private boolean peerOpen = true;

  FrameStreamTest() {
    Host.setNonBlocking(pair[0]);
    stream = new FrameStream(pair[0]);
  }

  @AfterEach
  void end() {
    stream.close();
    closePeer();
    ram.close();
  }

  private void closePeer() {
    if (peerOpen) {
      Host.close(pair[1]);
      peerOpen = false;
    }
  }

  private static byte[] framed(byte[] frame) {
    return ByteBuffer.allocate(4 + frame.length).putInt(frame.length).put(frame).array();
  }

  private static byte[] random(int bytes) {
    byte[] frame = new byte[bytes];
    new Random(bytes).nextBytes(frame);
    return frame;
  }

  private Segments room() {
    Segments room = new Segments(ram);
    room.add(0, 100);
    room.add(200, 70000);
    return room;
  }

  private byte[] receive() {
    Segments room = room();
    int length = stream.receive(room, 12);
    byte[] frame = new byte[length];
    room.read(12, frame);
    return frame;
  }

  @Test
  void takesFramesByteByByte() {
    byte[] frame = random(60);
    for (byte b : framed(frame)) {
      assertEquals(0, receive().length);
      Host.write(pair[1], new byte[] {b}, 1);
    }
    assertArrayEquals(frame, receive());
    assertEquals(0, receive().length);
  }

  @Test
  void takesManyFramesOfAnySize() throws InterruptedException {
    Thread peer =
        new Thread(
            () -> {
              for (int i = 0; i < 500; i++) {
                byte[] bytes = framed(random(14 + i * 131));
                for (int done = 0; done < bytes.length; ) {
                  byte[] rest = java.util.Arrays.copyOfRange(bytes, done, bytes.length);
                  done += Host.write(pair[1], rest, rest.length);
                }
              }
            });
    peer.start();
    for (int i = 0; i < 500; i++) {
      byte[] frame = receive();
      while (frame.length == 0) {
        Thread.onSpinWait();
        frame = receive();
      }
      assertArrayEquals(random(14 + i * 131), frame);
    }
    peer.join();
  }

  @Test
  void dropsWhatDoesNotFit() {
    byte[] small = random(14);
    Host.write(pair[1], framed(random(500)), 504);
    Host.write(pair[1], framed(small), 18);
    Segments room = new Segments(ram);
    room.add(0, 511);
    assertEquals(14, stream.receive(room, 12));
  }

  @Test
  void nonsenseEndsIt() {
    for (int length : new int[] {0, 13, -1, NetHeader.FRAME_MAX + 1, Integer.MIN_VALUE}) {
      int[] other = UnixSocket.pair();
      Host.setNonBlocking(other[0]);
      try (FrameStream bad = new FrameStream(other[0])) {
        Host.write(other[1], ByteBuffer.allocate(4).putInt(length).array(), 4);
        assertThrows(FrameStream.EndException.class, () -> bad.receive(room(), 12));
      } finally {
        Host.close(other[1]);
      }
    }
  }

  @Test
  void anythingAtAllComesOutAsFramesOrAnEnd() {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      int[] other = UnixSocket.pair();
      Host.setNonBlocking(other[0]);
      try (FrameStream fuzzed = new FrameStream(other[0])) {
        byte[] bytes = new byte[random.nextInt(4000)];
        random.nextBytes(bytes);
        for (int i = 0; i + 4 <= bytes.length; i += 1 + random.nextInt(200)) {
          bytes[i] = bytes[i + 1] = 0;
        }
        Host.write(other[1], bytes, bytes.length);
        long total = 0;
        try {
          for (int n = fuzzed.receive(room(), 12); n != 0; n = fuzzed.receive(room(), 12)) {
            total += n + 4;
          }
        } catch (FrameStream.EndException e) {
          total += 4;
        }
        assertTrue(total <= bytes.length, "seed " + seed);
      } finally {
        Host.close(other[1]);
      }
    }
  }

  @Test
  void theEndOfThePeerEndsIt() {
    Host.write(pair[1], framed(random(20)), 10);
    closePeer();
    assertThrows(FrameStream.EndException.class, this::receive);
  }

  @Test
  void aFullSocketGetsTheRestLater() {
    byte[] frame = random(60000);
    ram.write(1000, frame, 0, frame.length);
    Segments segments = new Segments(ram);
    segments.add(990, 5); // with the next piece, the header
    segments.add(995, 7);
    segments.add(1002, 20000);
    segments.add(21002, 39998);
    byte[] expected = new byte[60000 - 2];
    System.arraycopy(frame, 2, expected, 0, expected.length);
    int sent = 0;
    while (stream.send(segments, 12)) {
      sent++;
    }
    assertTrue(stream.isSending());
    assertFalse(stream.send(segments, 12));
    for (int i = 0; i <= sent; i++) {
      byte[] got = new byte[4 + expected.length + 3];
      int done = 0;
      int whole = 4 + segmentsBytes(segments);
      while (done < whole) {
        byte[] part = new byte[whole - done];
        int n = Host.read(pair[1], part);
        System.arraycopy(part, 0, got, done, n);
        done += n;
        if (stream.isSending()) {
          stream.send(segments, 12);
        }
      }
      assertEquals(segmentsBytes(segments), ByteBuffer.wrap(got).getInt());
      byte[] body = new byte[expected.length];
      System.arraycopy(got, 4, body, 0, body.length);
      assertArrayEquals(expected, body);
    }
  }

  private static int segmentsBytes(Segments segments) {
    return (int) segments.bytes() - 12;
  }
}
