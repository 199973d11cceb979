// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.balloon;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * What the guest says about its memory, in bytes; -1 where it says nothing.
 *
 * @param free not used for anything
 * @param total all that the guest kernel manages
 * @param available what programs could have without swapping
 * @param caches of files, which could be dropped
 */
public record BalloonStats(long free, long total, long available, long caches) {
  /** {@code struct { le16 tag; le64 val; }}, packed. */
  private static final int ENTRY_BYTES = 10;

  private static final int TAGS = 16;
  private static final int FREE = 4;
  private static final int TOTAL = 5;
  private static final int AVAILABLE = 6;
  private static final int CACHES = 7;

  /** What is read of an answer: a driver has one entry for each of the tags it knows. */
  static final int BYTES_MAX = TAGS * ENTRY_BYTES;

  /** Entries with unknown tags are left out, and so is half an entry at the end. */
  static BalloonStats decode(byte[] bytes, int length) {
    long[] values = new long[TAGS];
    Arrays.fill(values, -1);
    ByteBuffer in = ByteBuffer.wrap(bytes, 0, length).order(ByteOrder.LITTLE_ENDIAN);
    while (in.remaining() >= ENTRY_BYTES) {
      int tag = in.getShort() & 0xffff;
      long value = in.getLong();
      if (tag < TAGS) {
        values[tag] = value;
      }
    }
    return new BalloonStats(values[FREE], values[TOTAL], values[AVAILABLE], values[CACHES]);
  }
}
