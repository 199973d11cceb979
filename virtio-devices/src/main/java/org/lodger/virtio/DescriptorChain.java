// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio;

import java.util.Arrays;
import org.lodger.hypercall.GuestMemory;

/**
 * One request of the driver: segments of guest memory that the device may read, then segments that
 * it may write. All of them were checked against the size of RAM when the chain was taken; the
 * bytes in them stay the guest's and may change under us.
 */
public final class DescriptorChain {
  private static final int NEXT = 1;
  private static final int WRITE = 2;
  private static final int INDIRECT = 4;

  private final GuestMemory ram;
  private final int head;
  private volatile boolean inFlight;

  private long[] addresses = new long[4];
  private long[] lengths = new long[4];
  private int segments;
  private int readableSegments;
  private long readableBytes;
  private long writableBytes;

  DescriptorChain(GuestMemory ram, int head) {
    this.ram = ram;
    this.head = head;
  }

  int head() {
    return head;
  }

  /** Follows the chain from its head; {@code limit} segments end what would be a loop. */
  void load(long table, int limit) {
    if (inFlight) {
      throw new BadRingException("chain " + head + " made available while in flight");
    }
    segments = readableSegments = 0;
    readableBytes = writableBytes = 0;
    int tableSize = limit;
    int index = head;
    boolean indirect = false;
    while (true) {
      long descriptor = table + (long) VirtQueue.DESCRIPTOR_BYTES * index;
      long address = ram.getLong(descriptor);
      // len, flags and next in one read: the guest cannot change one after we saw another.
      long rest = ram.getLong(descriptor + 8);
      long length = rest & 0xffffffffL;
      int flags = (int) (rest >>> 32) & 0xffff;
      int next = (int) (rest >>> 48);
      if ((flags & INDIRECT) != 0) {
        if (indirect || (flags & NEXT) != 0) {
          throw new BadRingException("indirect table nested or continued in chain " + head);
        }
        if (length == 0 || length % VirtQueue.DESCRIPTOR_BYTES != 0) {
          throw new BadRingException("indirect table of " + length + " bytes in chain " + head);
        }
        checkInside(address, length);
        indirect = true;
        table = address;
        tableSize = (int) (length / VirtQueue.DESCRIPTOR_BYTES);
        index = 0;
        continue;
      }
      if (segments == limit) {
        throw new BadRingException("chain " + head + " loops or is longer than " + limit);
      }
      add(address, length, (flags & WRITE) != 0);
      if ((flags & NEXT) == 0) {
        break;
      }
      if (next >= tableSize) {
        throw new BadRingException("descriptor " + next + " in a table of " + tableSize);
      }
      index = next;
    }
    inFlight = true;
  }

  private void add(long address, long length, boolean writable) {
    if (length == 0) {
      throw new BadRingException("empty descriptor in chain " + head);
    }
    checkInside(address, length);
    if (writable) {
      writableBytes += length;
    } else if (writableBytes > 0) {
      throw new BadRingException("readable after writable descriptor in chain " + head);
    } else {
      readableBytes += length;
      readableSegments++;
    }
    if (segments == addresses.length) {
      addresses = Arrays.copyOf(addresses, 2 * segments);
      lengths = Arrays.copyOf(lengths, 2 * segments);
    }
    addresses[segments] = address;
    lengths[segments] = length;
    segments++;
  }

  private void checkInside(long address, long length) {
    if (!ram.contains(address, length)) {
      throw new BadRingException(
          "descriptor at 0x"
              + Long.toHexString(address)
              + " with "
              + length
              + " bytes is outside RAM");
    }
  }

  void release() {
    if (!inFlight) {
      throw new IllegalStateException("chain " + head + " completed twice");
    }
    inFlight = false;
  }

  public long readableBytes() {
    return readableBytes;
  }

  public long writableBytes() {
    return writableBytes;
  }

  /** Copies from the readable bytes, starting at {@code position}; returns how many there were. */
  public int read(long position, byte[] to, int offset, int length) {
    int[] at = {offset};
    forEachReadable(
        position,
        length,
        (address, part) -> {
          ram.read(address, to, at[0], (int) part);
          at[0] += (int) part;
        });
    return at[0] - offset;
  }

  /** Copies into the writable bytes, starting at {@code position}; returns how many fitted. */
  public int write(long position, byte[] from, int offset, int length) {
    int[] at = {offset};
    forEachWritable(
        position,
        length,
        (address, part) -> {
          ram.write(address, from, at[0], (int) part);
          at[0] += (int) part;
        });
    return at[0] - offset;
  }

  /** Calls {@code visitor} for each readable piece of [position, position + length). */
  public void forEachReadable(long position, long length, SegmentVisitor visitor) {
    forEach(0, readableSegments, position, length, visitor);
  }

  /** Calls {@code visitor} for each writable piece of [position, position + length). */
  public void forEachWritable(long position, long length, SegmentVisitor visitor) {
    forEach(readableSegments, segments, position, length, visitor);
  }

  private void forEach(int first, int last, long position, long length, SegmentVisitor visitor) {
    for (int i = first; i < last && length > 0; i++) {
      if (position >= lengths[i]) {
        position -= lengths[i];
        continue;
      }
      long part = Math.min(length, lengths[i] - position);
      visitor.segment(addresses[i] + position, part);
      length -= part;
      position = 0;
    }
  }

  /** Receives pieces of guest memory: guest-physical address and length, checked. */
  @FunctionalInterface
  public interface SegmentVisitor {
    void segment(long address, long length);
  }
}
