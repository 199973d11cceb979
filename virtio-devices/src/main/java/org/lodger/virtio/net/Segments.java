// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.util.Arrays;
import org.lodger.hypercall.GuestMemory;

/** Pieces of guest memory that together hold a frame, or have room for one. */
public final class Segments {
  private final GuestMemory ram;

  /** As {@code struct iovec} has it: address in this process and length, in turn. */
  private long[] pairs = new long[64];

  private long[] guest = new long[32];
  private int count;
  private long bytes;

  public Segments(GuestMemory ram) {
    this.ram = ram;
  }

  public void clear() {
    count = 0;
    bytes = 0;
  }

  public void add(long address, long length) {
    if (count == guest.length) {
      pairs = Arrays.copyOf(pairs, 4 * count);
      guest = Arrays.copyOf(guest, 2 * count);
    }
    pairs[2 * count] = ram.address(address, length);
    pairs[2 * count + 1] = length;
    guest[count++] = address;
    bytes += length;
  }

  /** Forgets the first pieces. */
  void dropFirst(int n) {
    for (int i = 0; i < n; i++) {
      bytes -= pairs[2 * i + 1];
    }
    count -= n;
    System.arraycopy(guest, n, guest, 0, count);
    System.arraycopy(pairs, 2 * n, pairs, 0, 2 * count);
  }

  int count() {
    return count;
  }

  long bytes() {
    return bytes;
  }

  /** For host calls: this object's own array, good until it changes. */
  long[] iovec() {
    return pairs;
  }

  /** Copies {@code length} bytes of other memory here. */
  void write(long position, GuestMemory from, long at, long length) {
    for (int i = 0; i < count && length > 0; i++) {
      long size = pairs[2 * i + 1];
      if (position >= size) {
        position -= size;
        continue;
      }
      int part = (int) Math.min(length, Math.min(size - position, GuestMemory.MAX_SLICE));
      ram.copy(guest[i] + position, from, at, part);
      at += part;
      length -= part;
      position = 0;
    }
  }

  /** Copies {@code length} bytes from here to other memory. */
  void read(long position, GuestMemory to, long at, long length) {
    for (int i = 0; i < count && length > 0; i++) {
      long size = pairs[2 * i + 1];
      if (position >= size) {
        position -= size;
        continue;
      }
      int part = (int) Math.min(length, Math.min(size - position, GuestMemory.MAX_SLICE));
      to.copy(at, ram, guest[i] + position, part);
      at += part;
      length -= part;
      position = 0;
    }
  }

  void write(long position, byte[] from) {
    int done = 0;
    for (int i = 0; i < count && done < from.length; i++) {
      long size = pairs[2 * i + 1];
      if (position >= size) {
        position -= size;
        continue;
      }
      int part = (int) Math.min(from.length - done, size - position);
      ram.write(guest[i] + position, from, done, part);
      done += part;
      position = 0;
    }
  }

  /** Copies the bytes from {@code position} on; there must be enough. */
  void read(long position, byte[] to) {
    int done = 0;
    for (int i = 0; i < count && done < to.length; i++) {
      long size = pairs[2 * i + 1];
      if (position >= size) {
        position -= size;
        continue;
      }
      int part = (int) Math.min(to.length - done, size - position);
      ram.read(guest[i] + position, to, done, part);
      done += part;
      position = 0;
    }
  }
}
