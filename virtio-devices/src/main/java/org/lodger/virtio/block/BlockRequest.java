// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;

/**
 * {@code struct virtio_blk_req { le32 type; le32 reserved; le64 sector; u8 data[]; u8 status; }},
 * spread over a chain in any way: the header is the first readable bytes, the status the last
 * writable one. The header was read once, here.
 */
record BlockRequest(DescriptorChain chain, int type, long sector) {
  static final int HEADER_BYTES = 16;

  static final int IN = 0;
  static final int OUT = 1;
  static final int FLUSH = 4;
  static final int GET_ID = 8;
  static final int DISCARD = 11;
  static final int WRITE_ZEROES = 13;

  static final byte OK = 0;
  static final byte IOERR = 1;
  static final byte UNSUPP = 2;

  static BlockRequest parse(DescriptorChain chain) {
    byte[] header = new byte[HEADER_BYTES];
    if (chain.read(0, header, 0, HEADER_BYTES) < HEADER_BYTES) {
      throw new BadRingException("disk request without header");
    }
    if (chain.writableBytes() == 0) {
      throw new BadRingException("disk request without status byte");
    }
    ByteBuffer in = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    return new BlockRequest(chain, in.getInt(0), in.getLong(8));
  }

  /** Does it read or write the disk, and nothing else? */
  boolean isTransfer() {
    return type == IN || type == OUT;
  }

  /** Bytes the driver sends. */
  long outBytes() {
    return chain.readableBytes() - HEADER_BYTES;
  }

  /** Bytes the driver wants. */
  long inBytes() {
    return chain.writableBytes() - 1;
  }

  /** Writes the status; returns how many bytes of the chain were written. */
  long finish(byte status) {
    chain.write(inBytes(), new byte[] {status}, 0, 1);
    return type == IN && status == OK ? chain.writableBytes() : 1;
  }
}
