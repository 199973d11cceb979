// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;

/**
 * A raw file or block device behind a disk, locked against a second guest. Any number of threads
 * may use it at once. What the host refuses comes out as a {@link HostException}.
 */
public final class DiskFile implements AutoCloseable {
  static final int SECTOR = 512;

  private static final int PAGE = 4096;
  private static final int ZEROES_BYTES = 1 << 20;
  private static final int EROFS = 30;

  private final Path path;
  private final int fd;
  private final long size;
  private final boolean readOnly;
  private final CacheMode cache;
  private final boolean direct;

  private DiskFile(
      Path path, int fd, long size, boolean readOnly, CacheMode cache, boolean direct) {
    this.path = path;
    this.fd = fd;
    this.size = size;
    this.readOnly = readOnly;
    this.cache = cache;
    this.direct = direct;
  }

  /**
   * Opens and locks a disk.
   *
   * @param log gets a line if the host cannot do what {@code cache} asks for
   * @throws DiskException if the file cannot be a disk
   */
  public static DiskFile open(Path path, boolean readOnly, CacheMode cache, Consumer<String> log) {
    if (Files.isDirectory(path)) {
      throw new DiskException(
          path + " is a directory; make a disk of it: lodger image create FILE --from " + path);
    }
    boolean direct = cache == CacheMode.NONE && directIoWorks(path);
    int fd = open(path, readOnly, direct);
    try {
      if (!Host.tryLock(fd, !readOnly)) {
        throw new DiskException(
            path + " is in use by another guest; stop that one, or give it to both with ,ro");
      }
      long size = size(path, fd);
      if (cache == CacheMode.NONE && !direct) {
        log.accept(path + ": no direct I/O by sectors here, so cache=none uses the page cache");
      }
      return new DiskFile(path, fd, size, readOnly, cache, direct);
    } catch (RuntimeException e) {
      Host.close(fd);
      throw e;
    }
  }

  private static int open(Path path, boolean readOnly, boolean direct) {
    int flags = (readOnly ? Host.O_RDONLY : Host.O_RDWR) | (direct ? Host.O_DIRECT : 0);
    try {
      // Not blocking: a FIFO would keep us waiting for its other end.
      return Host.open(path.toString(), flags | Host.O_NONBLOCK, 0);
    } catch (HostException e) {
      if (e.errno() == Host.ENOENT) {
        throw new DiskException(
            "no such disk: " + path + "; make one: lodger image create " + path + " --from DIR");
      }
      boolean refused = e.errno() == Host.EACCES || e.errno() == Host.EPERM || e.errno() == EROFS;
      if (refused && !readOnly && Files.isReadable(path)) {
        throw new DiskException(path + " is not writable; give it as " + path + ",ro");
      }
      throw new DiskException(e.getMessage() + "; choose a file that you may read and write");
    }
  }

  /** Some file systems know no direct I/O, some disks only that of larger blocks. */
  private static boolean directIoWorks(Path path) {
    try (GuestMemory page = GuestMemory.create("lodger-probe", PAGE)) {
      int fd = Host.open(path.toString(), Host.O_RDONLY | Host.O_NONBLOCK | Host.O_DIRECT, 0);
      try {
        Host.pread(fd, page.address(SECTOR, SECTOR), SECTOR, SECTOR);
        return true;
      } finally {
        Host.close(fd);
      }
    } catch (HostException e) {
      return false;
    }
  }

  private static long size(Path path, int fd) {
    long size;
    try {
      size = Host.size(fd);
    } catch (HostException e) {
      throw new DiskException(path + " is neither a file nor a block device; choose one");
    }
    if (size == 0) {
      throw new DiskException(
          path + " is empty; make a disk: lodger image create " + path + " --from DIR");
    }
    if (size % SECTOR != 0) {
      throw new DiskException(
          path
              + " has "
              + size
              + " bytes, no multiple of 512; is it complete?"
              + " If so: truncate -s %512 "
              + path);
    }
    return size;
  }

  /** In bytes, as it was when the disk was opened. */
  long size() {
    return size;
  }

  boolean isReadOnly() {
    return readOnly;
  }

  CacheMode cache() {
    return cache;
  }

  @Override
  public String toString() {
    return path.toString();
  }

  /** Fills the memory from the disk. */
  void read(IoVector to, long offset) {
    if (direct && !to.isAligned(SECTOR)) {
      try (GuestMemory bounce = bounce(to)) {
        transfer(false, fd, whole(bounce, to), offset);
        transfer(false, bounce.fd(), to, 0);
      }
    } else {
      transfer(false, fd, to, offset);
    }
  }

  /** Writes the memory to the disk. */
  void write(IoVector from, long offset) {
    if (direct && !from.isAligned(SECTOR)) {
      try (GuestMemory bounce = bounce(from)) {
        IoVector whole = whole(bounce, from);
        transfer(true, bounce.fd(), from, 0);
        transfer(true, fd, whole, offset);
      }
    } else {
      transfer(true, fd, from, offset);
    }
  }

  /** Aligned memory that is also a file, so that the host copies between it and the guest. */
  private static GuestMemory bounce(IoVector vector) {
    return GuestMemory.create("lodger-bounce", vector.bytes() + PAGE - 1 & -PAGE);
  }

  private static IoVector whole(GuestMemory bounce, IoVector vector) {
    IoVector whole = new IoVector();
    whole.add(bounce.address(0, vector.bytes()), vector.bytes());
    return whole;
  }

  private void transfer(boolean write, int fd, IoVector vector, long offset) {
    while (vector.bytes() > 0) {
      long done = write ? writeOnce(fd, vector, offset) : readOnce(fd, vector, offset);
      if (done == 0) {
        throw new DiskException(path + " is shorter than it was when the guest started");
      }
      vector.advance(done);
      offset += done;
    }
  }

  private static long readOnce(int fd, IoVector to, long offset) {
    return to.count() == 1
        ? Host.pread(fd, to.address(0), to.length(0), offset)
        : Host.preadv(fd, to.pairs(), to.count(), offset);
  }

  private static long writeOnce(int fd, IoVector from, long offset) {
    return from.count() == 1
        ? Host.pwrite(fd, from.address(0), from.length(0), offset)
        : Host.pwritev(fd, from.pairs(), from.count(), offset);
  }

  /** Everything written so far survives a crash of the host. */
  void flush() {
    Host.fdatasync(fd);
  }

  /** The range reads as zeroes, and takes no room on the host. */
  void discard(long offset, long length) {
    Host.fallocate(fd, Host.FALLOC_FL_PUNCH_HOLE | Host.FALLOC_FL_KEEP_SIZE, offset, length);
  }

  /** The range reads as zeroes. */
  void writeZeroes(long offset, long length) {
    try {
      Host.fallocate(fd, Host.FALLOC_FL_ZERO_RANGE | Host.FALLOC_FL_KEEP_SIZE, offset, length);
    } catch (HostException e) {
      if (e.errno() != Host.EOPNOTSUPP) {
        throw e;
      }
      writeZeroesByHand(offset, length);
    }
  }

  private void writeZeroesByHand(long offset, long length) {
    try (GuestMemory zeroes = GuestMemory.create("lodger-zeroes", ZEROES_BYTES)) {
      for (long end = offset + length; offset < end; offset += ZEROES_BYTES) {
        long part = Math.min(ZEROES_BYTES, end - offset);
        IoVector vector = new IoVector();
        vector.add(zeroes.address(0, part), part);
        transfer(true, fd, vector, offset);
      }
    }
  }

  /** Closes and unlocks the file. */
  @Override
  public void close() {
    Host.close(fd);
  }
}
