// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;

/** Carries out requests on a disk, on any thread. What goes wrong becomes a status. */
final class BlockHandler {
  static final int ID_BYTES = 20;

  private static final int RANGE_BYTES = 16;
  private static final int RANGE_UNMAP = 1;
  private static final long TRANSFER_MAX =
      (long) BlockConfig.SEGMENTS_MAX * BlockConfig.SEGMENT_BYTES_MAX;

  private final GuestMemory ram;
  private final DiskFile disk;
  private final String serial;
  private final Consumer<String> log;
  private final Set<String> logged = ConcurrentHashMap.newKeySet();

  /** Set while the driver counts on every write being durable. */
  private volatile boolean writeThrough;

  BlockHandler(GuestMemory ram, DiskFile disk, String serial, Consumer<String> log) {
    this.ram = ram;
    this.disk = disk;
    this.serial = serial;
    this.log = log;
  }

  void setWriteThrough(boolean writeThrough) {
    this.writeThrough = writeThrough;
  }

  byte execute(BlockRequest request) {
    try {
      return switch (request.type()) {
        case BlockRequest.IN -> read(request);
        case BlockRequest.OUT -> write(request);
        case BlockRequest.FLUSH -> flush();
        case BlockRequest.GET_ID -> id(request);
        case BlockRequest.DISCARD, BlockRequest.WRITE_ZEROES -> ranges(request);
        default -> BlockRequest.UNSUPP;
      };
    } catch (HostException e) {
      if (e.errno() == Host.EOPNOTSUPP) {
        return BlockRequest.UNSUPP;
      }
      return failed(disk + ": " + e.getMessage());
    } catch (DiskException e) {
      return failed(e.getMessage());
    }
  }

  /** A full disk fails thousands of requests the same way: one line will do. */
  private byte failed(String why) {
    if (logged.add(why)) {
      log.accept(why + "; the guest gets an I/O error");
    }
    return BlockRequest.IOERR;
  }

  private byte read(BlockRequest request) {
    long bytes = request.inBytes();
    if (!isTransfer(request.sector(), bytes)) {
      return BlockRequest.IOERR;
    }
    IoVector to = new IoVector();
    request
        .chain()
        .forEachWritable(
            0, bytes, (address, length) -> to.add(ram.address(address, length), length));
    disk.read(to, request.sector() * DiskFile.SECTOR);
    return BlockRequest.OK;
  }

  private byte write(BlockRequest request) {
    long bytes = request.outBytes();
    if (disk.isReadOnly() || !isTransfer(request.sector(), bytes)) {
      return BlockRequest.IOERR;
    }
    IoVector from = new IoVector();
    request
        .chain()
        .forEachReadable(
            BlockRequest.HEADER_BYTES,
            bytes,
            (address, length) -> from.add(ram.address(address, length), length));
    disk.write(from, request.sector() * DiskFile.SECTOR);
    return written();
  }

  private boolean isTransfer(long sector, long bytes) {
    return bytes % DiskFile.SECTOR == 0
        && bytes <= TRANSFER_MAX
        && isInside(sector, bytes / DiskFile.SECTOR);
  }

  private boolean isInside(long sector, long sectors) {
    long capacity = disk.size() / DiskFile.SECTOR;
    return sector >= 0 && sectors <= capacity && sector <= capacity - sectors;
  }

  private byte written() {
    if (writeThrough) {
      disk.flush();
    }
    return BlockRequest.OK;
  }

  private byte flush() {
    disk.flush();
    return BlockRequest.OK;
  }

  private byte id(BlockRequest request) {
    byte[] id = ByteBuffer.allocate(ID_BYTES).put(serial.getBytes(StandardCharsets.UTF_8)).array();
    request.chain().write(0, id, 0, (int) Math.min(ID_BYTES, request.inBytes()));
    return BlockRequest.OK;
  }

  /** {@code struct { le64 sector; le32 num_sectors; le32 flags; }}, one or more. */
  private byte ranges(BlockRequest request) {
    long bytes = request.outBytes();
    boolean discard = request.type() == BlockRequest.DISCARD;
    if (disk.isReadOnly()
        || bytes == 0
        || bytes % RANGE_BYTES != 0
        || bytes > BlockConfig.RANGES_MAX * RANGE_BYTES) {
      return BlockRequest.IOERR;
    }
    byte[] copy = new byte[(int) bytes];
    request.chain().read(BlockRequest.HEADER_BYTES, copy, 0, copy.length);
    ByteBuffer ranges = ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
    while (ranges.hasRemaining()) {
      byte status = range(discard, ranges.getLong(), ranges.getInt(), ranges.getInt());
      if (status != BlockRequest.OK) {
        return status;
      }
    }
    return written();
  }

  private byte range(boolean discard, long sector, int sectors, int flags) {
    if ((flags & ~(discard ? 0 : RANGE_UNMAP)) != 0) {
      return BlockRequest.UNSUPP;
    }
    if (sectors < 0 || sectors > BlockConfig.RANGE_SECTORS_MAX || !isInside(sector, sectors)) {
      return BlockRequest.IOERR;
    }
    if (sectors == 0) {
      return BlockRequest.OK;
    }
    long offset = sector * DiskFile.SECTOR;
    long length = (long) sectors * DiskFile.SECTOR;
    if (discard || flags == RANGE_UNMAP) {
      disk.discard(offset, length);
    } else {
      disk.writeZeroes(offset, length);
    }
    return BlockRequest.OK;
  }
}
