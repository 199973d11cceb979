// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.balloon;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.lodger.hypercall.GuestMemory;
import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;

/** Gives pages back to the host that the driver names in one of two ways. */
final class PageReturn {
  /** Linux names 256 at a time. More than this would keep the device from other work. */
  private static final int PAGES_MAX = 1 << 16;

  private final GuestMemory ram;

  PageReturn(GuestMemory ram) {
    this.ram = ram;
  }

  /** The chain holds page frame numbers, {@code le32} each. */
  void listed(DescriptorChain chain) {
    long bytes = chain.readableBytes();
    if (bytes == 0 || bytes % 4 != 0 || bytes > 4L * PAGES_MAX) {
      throw new BadRingException("list of pages of " + bytes + " bytes");
    }
    byte[] list = new byte[(int) bytes];
    chain.read(0, list, 0, list.length);
    int[] frames = new int[list.length / 4];
    ByteBuffer.wrap(list).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(frames);
    check(frames);
    discard(frames);
  }

  private void check(int[] frames) {
    long pages = ram.size() / BalloonDevice.PAGE;
    for (int frame : frames) {
      if (Integer.toUnsignedLong(frame) >= pages) {
        throw new BadRingException("page frame 0x" + Integer.toHexString(frame) + " outside RAM");
      }
    }
  }

  /** One host call for each run of neighbours. Frame numbers are known to be positive. */
  private void discard(int[] frames) {
    Arrays.sort(frames);
    for (int i = 0; i < frames.length; ) {
      int first = frames[i];
      int last = first;
      while (++i < frames.length && frames[i] <= last + 1) {
        last = frames[i];
      }
      ram.discard((long) first * BalloonDevice.PAGE, (last - first + 1L) * BalloonDevice.PAGE);
    }
  }

  /** The chain's buffers are themselves the free memory. Parts of pages stay as they are. */
  void reported(DescriptorChain chain) {
    if (chain.writableBytes() == 0) {
      throw new BadRingException("report of free memory without writable bytes");
    }
    chain.forEachWritable(0, Long.MAX_VALUE, this::discardWholePages);
  }

  private void discardWholePages(long address, long length) {
    long first = address + BalloonDevice.PAGE - 1 & -BalloonDevice.PAGE;
    long end = address + length & -BalloonDevice.PAGE;
    if (first < end) {
      ram.discard(first, end - first);
    }
  }
}
