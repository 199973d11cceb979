// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;

/**
 * Frames on a stream socket, each behind its length: four bytes, big-endian. QEMU calls this {@code
 * -netdev stream}; passt speaks it.
 */
final class FrameStream implements AutoCloseable {
  private static final int PREFIX = 4;
  private static final int CAPACITY = 1 << 18;
  private static final int IOV_MAX = 1024;

  /** No more frames will come. */
  static final class EndException extends RuntimeException {
    private static final long serialVersionUID = 1;

    EndException(String why) {
      super(why);
    }
  }

  private final int fd;
  private final GuestMemory in = GuestMemory.create("lodger-frames", CAPACITY);
  private final GuestMemory prefix = GuestMemory.create("lodger-prefix", 4096);

  /** The bytes received and not handed out are [start, end). */
  private int start;

  private int end;

  /** What is left of the frame under way, as {@code struct iovec} has it. */
  private long[] rest = new long[2];

  private int restFirst;
  private int restCount;

  /**
   * @param fd a socket on which nothing waits; it becomes this object's
   */
  FrameStream(int fd) {
    this.fd = fd;
  }

  int fd() {
    return fd;
  }

  /** Is a frame partly sent? */
  boolean isSending() {
    return restCount > 0;
  }

  /** Sends a frame; false if there was no room for all of it: then call again with the same one. */
  boolean send(Segments frame, long skip) {
    if (restCount == 0) {
      start(frame, skip);
    }
    while (restCount > 0) {
      long done = writeSome();
      if (done == Host.WOULD_BLOCK) {
        return false;
      }
      sent(done);
    }
    return true;
  }

  private void start(Segments frame, long skip) {
    int length = (int) (frame.bytes() - skip);
    prefix.putInt(0, Integer.reverseBytes(length));
    long[] pairs = frame.iovec();
    if (rest.length < 2 * frame.count() + 2) {
      rest = new long[2 * frame.count() + 2];
    }
    rest[0] = prefix.address(0, PREFIX);
    rest[1] = PREFIX;
    restFirst = 0;
    restCount = 1;
    for (int i = 0; i < frame.count(); i++) {
      long dropped = Math.min(skip, pairs[2 * i + 1]);
      skip -= dropped;
      if (dropped < pairs[2 * i + 1]) {
        rest[2 * restCount] = pairs[2 * i] + dropped;
        rest[2 * restCount + 1] = pairs[2 * i + 1] - dropped;
        restCount++;
      }
    }
  }

  private long writeSome() {
    if (restFirst > 0) {
      System.arraycopy(rest, 2 * restFirst, rest, 0, 2 * restCount);
      restFirst = 0;
    }
    return Host.writev(fd, rest, Math.min(restCount, IOV_MAX));
  }

  private void sent(long bytes) {
    while (restCount > 0 && bytes >= rest[2 * restFirst + 1]) {
      bytes -= rest[2 * restFirst + 1];
      restFirst++;
      restCount--;
    }
    if (bytes > 0) {
      rest[2 * restFirst] += bytes;
      rest[2 * restFirst + 1] -= bytes;
    }
  }

  /**
   * Puts the next frame at {@code position} of the room; returns its length, or 0 if none is
   * complete yet. One that is longer than the room is dropped.
   */
  int receive(Segments room, long position) {
    while (true) {
      int length = next();
      if (length == 0) {
        return 0;
      }
      int at = start + PREFIX;
      start = at + length;
      if (position + length <= room.bytes()) {
        room.write(position, in, at, length);
        return length;
      }
    }
  }

  /** Makes the next frame complete and returns its length, or 0 if the rest is still to come. */
  private int next() {
    while (true) {
      if (end - start >= PREFIX) {
        int length = Integer.reverseBytes(in.getInt(start));
        if (length < NetHeader.FRAME_MIN || length > NetHeader.FRAME_MAX) {
          throw new EndException("a frame of " + (length & 0xffffffffL) + " bytes came");
        }
        if (end - start - PREFIX >= length) {
          return length;
        }
      }
      if (!fill()) {
        return 0;
      }
    }
  }

  private boolean fill() {
    if (start == end) {
      start = end = 0;
    } else if (CAPACITY - start < PREFIX + NetHeader.FRAME_MAX) {
      in.copy(0, in, start, end - start);
      end -= start;
      start = 0;
    }
    long[] room = {in.address(end, CAPACITY - end), CAPACITY - end};
    long bytes = Host.readv(fd, room, 1);
    if (bytes == 0) {
      throw new EndException("its socket is closed");
    }
    if (bytes == Host.WOULD_BLOCK) {
      return false;
    }
    end += (int) bytes;
    return true;
  }

  @Override
  public void close() {
    Host.close(fd);
    in.close();
    prefix.close();
  }
}
