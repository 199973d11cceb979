// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** {@code struct virtio_blk_config} (virtio 1.2, section 5.2.4), and the limits in it. */
final class BlockConfig {
  static final int QUEUE_SIZE = 256;

  /** Header and status take a descriptor each. */
  static final int SEGMENTS_MAX = QUEUE_SIZE - 2;

  static final int SEGMENT_BYTES_MAX = 1 << 20;

  /** Of one range to discard or to fill with zeroes: 2 GiB. */
  static final int RANGE_SECTORS_MAX = 1 << 22;

  static final int RANGES_MAX = 16;

  private static final int BYTES = 60;
  private static final int SECTORS_PER_PAGE = 8;

  private BlockConfig() {}

  static byte[] encode(long size) {
    return ByteBuffer.allocate(BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(0, size / DiskFile.SECTOR)
        .putInt(8, SEGMENT_BYTES_MAX)
        .putInt(12, SEGMENTS_MAX)
        .putInt(20, DiskFile.SECTOR)
        .put(24, (byte) 3) // a physical block is 2^3 sectors: the host writes whole pages
        .putShort(26, (short) SECTORS_PER_PAGE) // smallest good transfer
        .putInt(36, RANGE_SECTORS_MAX)
        .putInt(40, RANGES_MAX)
        .putInt(44, SECTORS_PER_PAGE) // a hole in a file is made of pages
        .putInt(48, RANGE_SECTORS_MAX)
        .putInt(52, RANGES_MAX)
        .put(56, (byte) 1) // filling with zeroes may make a hole
        .array();
  }
}
