// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.UnixSocket;

/**
 * Whatever bytes passt sends, in whatever pieces: the frames in it arrive whole and in order, and
 * the first length that cannot be one ends it. The test replays inputs that were worth keeping;
 * test/fuzz looks for more.
 *
 * <p>An input is the size of the pieces, the room for a frame in units of 16 bytes, and the bytes.
 */
public class FrameStreamFuzzTest {
  private static final GuestMemory RAM = GuestMemory.create("test-guest", 1 << 17);

  static Stream<Path> seeds() throws IOException {
    return Files.list(Path.of("src/test/resources/fuzz/frames"));
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
    int piece = 1 + (input[0] & 0xff) * 16;
    int most = NetHeader.FRAME_MIN + (input[1] & 0xff) * 16;
    byte[] bytes = Arrays.copyOfRange(input, 2, input.length);
    Expected expected = Expected.of(bytes, most);
    Segments room = new Segments(RAM);
    room.add(0, NetHeader.BYTES + 7);
    room.add(4096, most - 7);

    int[] pair = UnixSocket.pair();
    Host.setNonBlocking(pair[0]);
    List<byte[]> frames = new ArrayList<>();
    boolean ended = false;
    try (FrameStream stream = new FrameStream(pair[0])) {
      for (int at = 0; at < bytes.length && !ended; at += piece) {
        byte[] part = Arrays.copyOfRange(bytes, at, Math.min(at + piece, bytes.length));
        assertEquals(part.length, Host.write(pair[1], part, part.length));
        ended = receiveAll(stream, room, frames);
      }
    } finally {
      Host.close(pair[1]);
    }
    assertEquals(expected.nonsense, ended);
    assertEquals(expected.frames.size(), frames.size());
    for (int i = 0; i < frames.size(); i++) {
      assertArrayEquals(expected.frames.get(i), frames.get(i));
    }
  }

  /** True if the stream has come to an end. */
  private static boolean receiveAll(FrameStream stream, Segments room, List<byte[]> frames) {
    try {
      for (int n = stream.receive(room, NetHeader.BYTES);
          n > 0;
          n = stream.receive(room, NetHeader.BYTES)) {
        byte[] frame = new byte[n];
        room.read(NetHeader.BYTES, frame);
        frames.add(frame);
      }
      return false;
    } catch (FrameStream.EndException e) {
      assertFalse(e.getMessage().isEmpty());
      assertTrue(e.getMessage().startsWith("a frame of "), e.getMessage());
      return true;
    }
  }

  /** The same, told from the whole input. */
  private record Expected(List<byte[]> frames, boolean nonsense) {
    static Expected of(byte[] bytes, int most) {
      List<byte[]> frames = new ArrayList<>();
      int at = 0;
      while (bytes.length - at >= 4) {
        long length = ByteBuffer.wrap(bytes).getInt(at) & 0xffffffffL;
        if (length < NetHeader.FRAME_MIN || length > NetHeader.FRAME_MAX) {
          return new Expected(frames, true);
        }
        if (length > bytes.length - at - 4) {
          break;
        }
        if (length <= most) {
          frames.add(Arrays.copyOfRange(bytes, at + 4, at + 4 + (int) length));
        }
        at += 4 + (int) length;
      }
      return new Expected(frames, false);
    }
  }
}
