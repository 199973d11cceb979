// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import java.util.Arrays;

/** Memory to transfer, as {@code struct iovec} has it: pairs of raw address and length. */
final class IoVector {
  private long[] pairs = new long[8];
  private int count;
  private long bytes;

  void add(long address, long length) {
    if (2 * count == pairs.length) {
      pairs = Arrays.copyOf(pairs, 2 * pairs.length);
    }
    pairs[2 * count] = address;
    pairs[2 * count + 1] = length;
    count++;
    bytes += length;
  }

  long[] pairs() {
    return pairs;
  }

  int count() {
    return count;
  }

  long bytes() {
    return bytes;
  }

  long address(int index) {
    return pairs[2 * index];
  }

  long length(int index) {
    return pairs[2 * index + 1];
  }

  boolean isAligned(int alignment) {
    for (int i = 0; i < 2 * count; i++) {
      if (pairs[i] % alignment != 0) {
        return false;
      }
    }
    return true;
  }

  /** Drops the first bytes, which have been transferred. */
  void advance(long done) {
    bytes -= done;
    int first = 0;
    while (first < count && done >= length(first)) {
      done -= length(first++);
    }
    count -= first;
    System.arraycopy(pairs, 2 * first, pairs, 0, 2 * count);
    if (done > 0) {
      pairs[0] += done;
      pairs[1] -= done;
    }
  }
}
