// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import com.kenai.jffi.MemoryIO;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;

/**
 * Memory shared with a guest: a memfd that nobody can resize, mapped here. Addresses count from its
 * start; in the RAM memfd they are guest-physical. Every access is checked against the size,
 * because most addresses come from the guest.
 *
 * <p>The mapping is seen through byte buffers that start every GiB and are almost two GiB long.
 * They overlap, so that any access of up to a GiB lies within the one in which it starts.
 */
public final class GuestMemory implements AutoCloseable {
  private static final int WINDOW_SHIFT = 30;
  private static final long WINDOW_MASK = (1L << WINDOW_SHIFT) - 1;

  /** The longest range that {@link #slice}, {@link #read} and {@link #write} accept. */
  public static final int MAX_SLICE = 1 << WINDOW_SHIFT;

  private static final VarHandle SHORT =
      MethodHandles.byteBufferViewVarHandle(short[].class, LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteBufferViewVarHandle(int[].class, LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, LITTLE_ENDIAN);

  private final int fd;
  private final long base;
  private final long size;
  private final ByteBuffer[] windows;
  private boolean closed;

  private GuestMemory(int fd, long base, long size) {
    this.fd = fd;
    this.base = base;
    this.size = size;
    windows = new ByteBuffer[(int) ((size + WINDOW_MASK) >>> WINDOW_SHIFT)];
    for (int i = 0; i < windows.length; i++) {
      long start = (long) i << WINDOW_SHIFT;
      int length = (int) Math.min(size - start, Integer.MAX_VALUE);
      windows[i] =
          MemoryIO.getInstance().newDirectByteBuffer(base + start, length).order(LITTLE_ENDIAN);
    }
  }

  /** Creates zeroed memory. Pages take host memory only once they are touched. */
  public static GuestMemory create(String name, long size) {
    if (size <= 0 || (size & 4095) != 0) {
      throw new IllegalArgumentException("size must be a positive multiple of 4096: " + size);
    }
    int fd = Host.memfdCreate(name, Host.MFD_CLOEXEC | Host.MFD_ALLOW_SEALING);
    try {
      Host.ftruncate(fd, size);
      // A shrunk memfd would end this process with SIGBUS.
      Host.seal(fd, Host.F_SEAL_SHRINK | Host.F_SEAL_GROW | Host.F_SEAL_SEAL);
      int flags = Host.MAP_SHARED | Host.MAP_NORESERVE;
      long base = Host.mmap(0, size, Host.PROT_READ | Host.PROT_WRITE, flags, fd, 0);
      return new GuestMemory(fd, base, size);
    } catch (HostException e) {
      Host.close(fd);
      throw e;
    }
  }

  /**
   * Maps memory that another process has created. Takes over the descriptor, also when it fails.
   *
   * @throws GuestMemoryException if somebody could still shrink it, or if it has another size
   */
  public static GuestMemory of(int fd, long size) {
    try {
      if ((Host.seals(fd) & Host.F_SEAL_SHRINK) == 0 || Host.size(fd) != size) {
        throw new GuestMemoryException("the memory offered is not sealed, or not as it should be");
      }
      int flags = Host.MAP_SHARED | Host.MAP_NORESERVE;
      long base = Host.mmap(0, size, Host.PROT_READ | Host.PROT_WRITE, flags, fd, 0);
      return new GuestMemory(fd, base, size);
    } catch (HostException | GuestMemoryException e) {
      Host.close(fd);
      throw e;
    }
  }

  public long size() {
    return size;
  }

  /** The memfd, owned by this object. */
  public int fd() {
    return fd;
  }

  public boolean contains(long gpa, long len) {
    return gpa >= 0 && len >= 0 && len <= size && gpa <= size - len;
  }

  /** The address of a range in this process, for host calls that read or write it directly. */
  public long address(long gpa, long len) {
    check(gpa, len);
    return base + gpa;
  }

  public byte getByte(long gpa) {
    check(gpa, 1);
    return window(gpa).get(offset(gpa));
  }

  public short getShort(long gpa) {
    check(gpa, 2);
    return window(gpa).getShort(offset(gpa));
  }

  public int getInt(long gpa) {
    check(gpa, 4);
    return window(gpa).getInt(offset(gpa));
  }

  public long getLong(long gpa) {
    check(gpa, 8);
    return window(gpa).getLong(offset(gpa));
  }

  public void putByte(long gpa, byte value) {
    check(gpa, 1);
    window(gpa).put(offset(gpa), value);
  }

  public void putShort(long gpa, short value) {
    check(gpa, 2);
    window(gpa).putShort(offset(gpa), value);
  }

  public void putInt(long gpa, int value) {
    check(gpa, 4);
    window(gpa).putInt(offset(gpa), value);
  }

  public void putLong(long gpa, long value) {
    check(gpa, 8);
    window(gpa).putLong(offset(gpa), value);
  }

  public short getShortAcquire(long gpa) {
    checkAligned(gpa, 2);
    return (short) SHORT.getAcquire(window(gpa), offset(gpa));
  }

  public void putShortRelease(long gpa, short value) {
    checkAligned(gpa, 2);
    SHORT.setRelease(window(gpa), offset(gpa), value);
  }

  public void putIntRelease(long gpa, int value) {
    checkAligned(gpa, 4);
    INT.setRelease(window(gpa), offset(gpa), value);
  }

  public int getIntVolatile(long gpa) {
    checkAligned(gpa, 4);
    return (int) INT.getVolatile(window(gpa), offset(gpa));
  }

  public void putIntVolatile(long gpa, int value) {
    checkAligned(gpa, 4);
    INT.setVolatile(window(gpa), offset(gpa), value);
  }

  public int getAndAddInt(long gpa, int delta) {
    checkAligned(gpa, 4);
    return (int) INT.getAndAdd(window(gpa), offset(gpa), delta);
  }

  public int getAndSetInt(long gpa, int value) {
    checkAligned(gpa, 4);
    return (int) INT.getAndSet(window(gpa), offset(gpa), value);
  }

  public int getAndBitwiseOrInt(long gpa, int bits) {
    checkAligned(gpa, 4);
    return (int) INT.getAndBitwiseOr(window(gpa), offset(gpa), bits);
  }

  public long getAndBitwiseOrLong(long gpa, long bits) {
    checkAligned(gpa, 8);
    return (long) LONG.getAndBitwiseOr(window(gpa), offset(gpa), bits);
  }

  public void read(long gpa, byte[] dst, int off, int len) {
    checkRange(gpa, len);
    window(gpa).get(offset(gpa), dst, off, len);
  }

  public void write(long gpa, byte[] src, int off, int len) {
    checkRange(gpa, len);
    window(gpa).put(offset(gpa), src, off, len);
  }

  /** Copies from other memory; neither range may be longer than {@link #MAX_SLICE}. */
  public void copy(long gpa, GuestMemory from, long at, int len) {
    checkRange(gpa, len);
    from.checkRange(at, len);
    window(gpa).put(offset(gpa), from.window(at), offset(at), len);
  }

  /** A little-endian view of a range. It must not outlive this object. */
  public ByteBuffer slice(long gpa, int len) {
    checkRange(gpa, len);
    return window(gpa).slice(offset(gpa), len).order(LITTLE_ENDIAN);
  }

  /** Gives all pages back to the host; they read as zero again. */
  public void clear() {
    discard(0, size);
  }

  /**
   * Gives the pages of a range back to the host, in every process that maps them; they read as zero
   * again. Of a page that lies only partly in the range, that part is filled with zeroes.
   */
  public void discard(long gpa, long len) {
    check(gpa, len);
    if (len > 0) {
      Host.fallocate(fd, Host.FALLOC_FL_PUNCH_HOLE | Host.FALLOC_FL_KEEP_SIZE, gpa, len);
    }
  }

  /**
   * Keeps no page mapped here that this process does not touch again: those that it has filled
   * count as its own memory, though the guest has them, too.
   */
  public void lookAway() {
    Host.madvise(base, size, Host.MADV_DONTNEED);
  }

  /** Unmaps. The caller must have stopped everyone who still holds an address or a slice. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      Host.munmap(base, size);
      Host.close(fd);
    }
  }

  private ByteBuffer window(long gpa) {
    return windows[(int) (gpa >>> WINDOW_SHIFT)];
  }

  private static int offset(long gpa) {
    return (int) (gpa & WINDOW_MASK);
  }

  private void check(long gpa, long len) {
    if (!contains(gpa, len)) {
      throw outside(gpa, len);
    }
  }

  private void checkAligned(long gpa, int len) {
    check(gpa, len);
    if ((gpa & (len - 1)) != 0) {
      throw new GuestMemoryException(String.format("address 0x%x is not aligned to %d", gpa, len));
    }
  }

  private void checkRange(long gpa, int len) {
    // An empty range at the very end is fine by contains(), but lies in no window.
    if (!contains(gpa, Math.max(len, 1)) || len < 0 || len > MAX_SLICE) {
      throw outside(gpa, len);
    }
  }

  private GuestMemoryException outside(long gpa, long len) {
    return new GuestMemoryException(
        String.format("range 0x%x+0x%x is outside guest memory of 0x%x bytes", gpa, len, size));
  }
}
