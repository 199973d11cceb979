// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.UnixSocket;

/**
 * Whatever another member of a link says first, and writes into the rings: it is believed only if
 * it keeps the rules, and what is read stays inside the ring and the room. The test replays inputs
 * that were worth keeping; test/fuzz looks for more.
 *
 * <p>An input's first byte chooses: a greeting, and which descriptors come with it; or steps of
 * five bytes, in which the two sides of two rings take turns.
 */
public class LinkFuzzTest {
  private static final int SCRATCH_FD = 300;
  private static final int DATA = LinkRing.BYTES - LinkRing.CAPACITY;
  private static final int[] WORDS = {0, 64, 68, 128};
  private static final int ROOM = 1 << 17;
  private static final GuestMemory RAM = GuestMemory.create("test-guest", 2 * ROOM);
  private static final long[] FEATURES = {0, NetFeatures.TCP_OFFLOADS, -1};

  static Stream<Path> seeds() throws IOException {
    return Files.list(Path.of("src/test/resources/fuzz/link"));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void replay(Path seed) throws IOException {
    fuzzerTestOneInput(Files.readAllBytes(seed));
  }

  /** What a fuzzer calls. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length < 2) {
      return;
    }
    byte[] rest = Arrays.copyOfRange(input, 2, input.length);
    if (input[0] % 2 == 0) {
      greet(input[1], rest);
    } else {
      try (Rings rings = new Rings(FEATURES[(input[1] & 0xff) % FEATURES.length])) {
        rings.play(ByteBuffer.wrap(rest).order(ByteOrder.LITTLE_ENDIAN));
      }
    }
  }

  private static void greet(byte kinds, byte[] bytes) {
    int[] fds = new int[kinds & 3];
    for (int i = 0; i < fds.length; i++) {
      fds[i] = descriptor(kinds >> 2 + 2 * i & 3);
    }
    LinkHello hello = LinkHello.parse(new UnixSocket.Message(bytes, fds));
    if (hello != null) {
      assertEquals(LinkHello.BYTES, bytes.length);
      assertEquals(2, fds.length);
      assertEquals(0, kinds >> 2 & 3, "a ring that is none");
      hello.close();
    }
    for (int fd : fds) {
      assertTrue(Files.notExists(Path.of("/proc/self/fd/" + fd)), "a descriptor is left open");
    }
  }

  private static int descriptor(int kind) {
    switch (kind) {
      case 0:
        return copy(LinkRing.create());
      case 1:
        try (GuestMemory small = GuestMemory.create("small", 4096)) {
          return Host.duplicate(small.fd(), SCRATCH_FD);
        }
      case 2:
        return Host.eventfd();
      default:
        return Host.open("/dev/null", Host.O_RDWR, 0);
    }
  }

  private static int copy(LinkRing ring) {
    try (ring) {
      return Host.duplicate(ring.fd(), SCRATCH_FD);
    }
  }

  /** A ring that we read and one that we write, and the other side's view of both. */
  private static final class Rings implements AutoCloseable {
    private final LinkRing in = LinkRing.create();
    private final GuestMemory theirIn =
        GuestMemory.of(Host.duplicate(in.fd(), SCRATCH_FD), LinkRing.BYTES);
    private final GuestMemory theirOut = GuestMemory.create("lodger-link", LinkRing.BYTES);
    private final LinkRing out = LinkRing.of(Host.duplicate(theirOut.fd(), SCRATCH_FD));
    private final Segments room = new Segments(RAM);
    private final Segments frame = new Segments(RAM);
    private final byte[] header = new byte[NetHeader.BYTES];
    private final long features;

    Rings(long features) {
      this.features = features;
      room.add(0, 100);
      room.add(4096, ROOM - 4096);
    }

    void play(ByteBuffer steps) {
      try {
        while (steps.remaining() >= 5) {
          step(steps.get() & 0xff, steps.getInt());
        }
      } catch (LinkRing.BrokenException e) {
        // It is cut off, and nothing is read from it any more.
      }
    }

    private void step(int what, int value) {
      GuestMemory ring = (what & 0x80) == 0 ? theirIn : theirOut;
      switch (what & 7) {
        case 0, 1, 2, 3 -> ring.putIntVolatile(WORDS[what & 3], value);
        case 4 -> ring.putInt(DATA + (value >>> 16) * 4, value & 0xffff | (what & 0x78) << 13);
        case 5 -> receive();
        case 6 -> send(value);
        default -> sleep(value);
      }
    }

    private void receive() {
      int bytes = in.next();
      assertTrue(bytes == 0 || bytes >= NetHeader.BYTES + NetHeader.FRAME_MIN);
      assertTrue(bytes <= NetHeader.BYTES + NetHeader.FRAME_MAX && bytes <= room.bytes());
      if (bytes > 0) {
        in.read(0, header);
        NetHeader.isAcceptable(header, bytes - NetHeader.BYTES, features);
        in.read(NetHeader.BYTES, room);
        in.remove();
      }
    }

    private void send(int value) {
      frame.clear();
      int bytes = NetHeader.BYTES + NetHeader.FRAME_MIN + (value & 0xffff);
      frame.add(ROOM, Math.min(bytes, NetHeader.BYTES + NetHeader.FRAME_MAX));
      if (!out.write(frame)) {
        out.requestRoom();
      }
      out.takeSleeping();
    }

    private void sleep(int value) {
      if ((value & 1) == 0) {
        in.sleep();
      } else {
        in.awake();
      }
      in.isEmpty();
    }

    @Override
    public void close() {
      in.close();
      out.close();
      theirIn.close();
      theirOut.close();
    }
  }
}
