// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall.host;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;

/**
 * The host's system calls. A refused call throws {@link HostException}; an interrupted one is
 * repeated. {@code address} arguments are raw addresses of this process.
 */
public final class Host {
  public static final int O_RDONLY = 0;
  public static final int O_RDWR = 2;
  public static final int O_CREAT = 0100;
  public static final int O_NONBLOCK = 04000;
  public static final int O_DIRECT = 040000;
  public static final int O_CLOEXEC = 02000000;

  public static final int PROT_READ = 1;
  public static final int PROT_WRITE = 2;
  public static final int MAP_SHARED = 1;
  public static final int MAP_NORESERVE = 0x4000;
  public static final int MADV_DONTNEED = 4;

  public static final int MFD_CLOEXEC = 1;
  public static final int MFD_ALLOW_SEALING = 2;
  public static final int MFD_EXEC = 0x10;
  public static final int F_SEAL_SEAL = 1;
  public static final int F_SEAL_SHRINK = 2;
  public static final int F_SEAL_GROW = 4;
  public static final int F_SEAL_WRITE = 8;

  public static final int FALLOC_FL_KEEP_SIZE = 1;
  public static final int FALLOC_FL_PUNCH_HOLE = 2;
  public static final int FALLOC_FL_ZERO_RANGE = 0x10;

  public static final int POLLIN = 1;
  public static final int POLLOUT = 4;
  public static final int POLLERR = 8;
  public static final int POLLHUP = 0x10;

  /** Instead of a count: the call would have had to wait. */
  public static final long WOULD_BLOCK = -1;

  public static final int EPERM = 1;
  public static final int ENOENT = 2;
  public static final int EINTR = 4;
  public static final int EAGAIN = 11;
  public static final int EACCES = 13;
  public static final int EOPNOTSUPP = 95;

  public static final int SIGKILL = 9;
  public static final int SIGUSR1 = 10;
  public static final int SIGCONT = 18;
  public static final int SIGSTOP = 19;

  private static final int F_SETFL = 4;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final int F_ADD_SEALS = 1033;
  private static final int F_GET_SEALS = 1034;
  private static final int EFD_CLOEXEC = 02000000;
  private static final int LOCK_SH = 1;
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final int SEEK_END = 2;
  private static final int SYS_FUTEX = 202;
  private static final int FUTEX_WAKE = 1;
  private static final int SIZEOF_SIGINFO = 128;
  private static final int AT_EMPTY_PATH = 0x1000;
  private static final int STATX_BLOCKS = 0x400;
  private static final int SIZEOF_STATX = 256;
  private static final int STATX_BLOCKS_AT = 48;
  private static final int STATX_BLOCK = 512;
  private static final int P_PID = 1;
  private static final int WEXITED = 4;
  private static final int WNOWAIT = 0x01000000;

  static final Libc C = LibraryLoader.create(Libc.class).failImmediately().load("libc.so.6");
  private static final Runtime RUNTIME = Runtime.getSystemRuntime();

  private Host() {}

  /**
   * Returns once all calls are ready for use. Everybody's first call waits for that by itself; but
   * it takes a tenth of a second, in which another thread can do something else.
   */
  public static void prepare() {
    // Loading this class has done it.
  }

  public static int open(String path, int flags, int mode) {
    return (int) check(C.open(path, flags | O_CLOEXEC, mode), "open " + path);
  }

  public static void close(int fd) {
    C.close(fd);
  }

  /** A second descriptor for the same file, numbered {@code least} or more, closed on exec. */
  public static int duplicate(int fd, int least) {
    return (int) check(C.fcntl(fd, F_DUPFD_CLOEXEC, least), "fcntl");
  }

  /** Calls on this open file never wait any more, through whatever descriptor. */
  public static void setNonBlocking(int fd) {
    check(C.fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK), "fcntl");
  }

  /** Returns the bytes read; 0 at the end of the file. */
  public static long read(int fd, long address, long count) {
    long n;
    do {
      n = C.read(fd, address, count);
    } while (interrupted(n));
    return check(n, "read");
  }

  public static long write(int fd, long address, long count) {
    long n;
    do {
      n = C.write(fd, address, count);
    } while (interrupted(n));
    return check(n, "write");
  }

  public static int read(int fd, byte[] buffer) {
    long n;
    do {
      n = C.read(fd, buffer, buffer.length);
    } while (interrupted(n));
    return (int) check(n, "read");
  }

  public static int write(int fd, byte[] buffer, int count) {
    long n;
    do {
      n = C.write(fd, buffer, Math.min(count, buffer.length));
    } while (interrupted(n));
    return (int) check(n, "write");
  }

  public static long pread(int fd, long address, long count, long offset) {
    long n;
    do {
      n = C.pread(fd, address, count, offset);
    } while (interrupted(n));
    return check(n, "pread");
  }

  public static long pwrite(int fd, long address, long count, long offset) {
    long n;
    do {
      n = C.pwrite(fd, address, count, offset);
    } while (interrupted(n));
    return check(n, "pwrite");
  }

  /** {@code iov} holds pairs of address and length, {@code count} of them. */
  public static long preadv(int fd, long[] iov, int count, long offset) {
    long n;
    do {
      n = C.preadv(fd, iov, count, offset);
    } while (interrupted(n));
    return check(n, "preadv");
  }

  /** {@code iov} holds pairs of address and length, {@code count} of them. */
  public static long pwritev(int fd, long[] iov, int count, long offset) {
    long n;
    do {
      n = C.pwritev(fd, iov, count, offset);
    } while (interrupted(n));
    return check(n, "pwritev");
  }

  /**
   * Returns the bytes read, 0 at the end of the file, {@link #WOULD_BLOCK} if there are none yet.
   */
  public static long readv(int fd, long[] iov, int count) {
    long n;
    do {
      n = C.readv(fd, iov, count);
    } while (interrupted(n));
    return wouldBlock(n) ? WOULD_BLOCK : check(n, "readv");
  }

  /** Returns the bytes written, or {@link #WOULD_BLOCK} if there is no room. */
  public static long writev(int fd, long[] iov, int count) {
    long n;
    do {
      n = C.writev(fd, iov, count);
    } while (interrupted(n));
    return wouldBlock(n) ? WOULD_BLOCK : check(n, "writev");
  }

  /** One {@code struct pollfd} for {@link #poll}. */
  public static long pollFor(int fd, int events) {
    return fd & 0xffffffffL | (long) events << 32;
  }

  /** What {@link #poll} found out about the descriptor. */
  public static int polled(long pollfd) {
    return (int) (pollfd >>> 48);
  }

  /** Waits until one of the descriptors is ready, or for so many milliseconds; -1 is for ever. */
  public static int poll(long[] fds, int count, int timeout) {
    int n;
    do {
      n = C.poll(fds, count, timeout);
    } while (interrupted(n));
    return (int) check(n, "poll");
  }

  public static void fdatasync(int fd) {
    check(C.fdatasync(fd), "fdatasync");
  }

  public static void ftruncate(int fd, long length) {
    check(C.ftruncate(fd, length), "ftruncate");
  }

  public static void fallocate(int fd, int mode, long offset, long length) {
    long n;
    do {
      n = C.fallocate(fd, mode, offset, length);
    } while (interrupted(n));
    check(n, "fallocate");
  }

  /** The size of a file or block device. Moves the file position. */
  public static long size(int fd) {
    return check(C.lseek(fd, 0, SEEK_END), "lseek");
  }

  /** How many bytes the host has set aside for the file's content. */
  public static long allocated(int fd) {
    byte[] statx = new byte[SIZEOF_STATX];
    check(C.statx(fd, "", AT_EMPTY_PATH, STATX_BLOCKS, statx), "statx");
    return ByteBuffer.wrap(statx).order(ByteOrder.LITTLE_ENDIAN).getLong(STATX_BLOCKS_AT)
        * STATX_BLOCK;
  }

  /** Takes an advisory lock that lasts until the descriptor is closed; false if another has it. */
  public static boolean tryLock(int fd, boolean exclusive) {
    int result = C.flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB);
    if (result < 0 && errno() == EAGAIN) {
      return false;
    }
    check(result, "flock");
    return true;
  }

  /** Makes {@code to} name the same file as {@code from}. */
  public static void redirect(int from, int to) {
    check(C.dup2(from, to), "dup2");
  }

  /** Leaves the terminal's session, so that its end is not ours. */
  public static void setsid() {
    check(C.setsid(), "setsid");
  }

  public static int memfdCreate(String name, int flags) {
    return (int) check(C.memfd_create(name, flags), "memfd_create");
  }

  public static void seal(int fd, int seals) {
    check(C.fcntl(fd, F_ADD_SEALS, seals), "fcntl");
  }

  public static int seals(int fd) {
    return (int) check(C.fcntl(fd, F_GET_SEALS, 0), "fcntl");
  }

  public static long mmap(long address, long length, int prot, int flags, int fd, long offset) {
    return check(C.mmap(address, length, prot, flags, fd, offset, 0), "mmap");
  }

  public static void munmap(long address, long length) {
    check(C.munmap(address, length), "munmap");
  }

  public static void madvise(long address, long length, int advice) {
    check(C.madvise(address, length, advice), "madvise");
  }

  /** A counter descriptor: {@link #signal} adds one, {@link #await} sleeps until it is not 0. */
  public static int eventfd() {
    return (int) check(C.eventfd(0, EFD_CLOEXEC), "eventfd");
  }

  public static void signal(int eventfd) {
    write(eventfd, new byte[] {1, 0, 0, 0, 0, 0, 0, 0}, 8);
  }

  /** Resets the counter. */
  public static void await(int eventfd) {
    read(eventfd, new byte[8]);
  }

  public record Pipe(int readEnd, int writeEnd) {}

  public static Pipe pipe() {
    int[] fds = new int[2];
    check(C.pipe2(fds, O_CLOEXEC), "pipe2");
    return new Pipe(fds[0], fds[1]);
  }

  public static long getrandom(long address, long length) {
    long n;
    do {
      n = C.getrandom(address, length, 0);
    } while (interrupted(n));
    return check(n, "getrandom");
  }

  /** Wakes all who sleep on the word, in this process and in others. */
  public static void futexWake(long address) {
    check(C.syscall(SYS_FUTEX, address, FUTEX_WAKE, Integer.MAX_VALUE, 0, 0, 0), "futex");
  }

  public static void kill(int pid, int signal) {
    check(C.kill(pid, signal), "kill");
  }

  /** Waits for a child to end, and leaves it unreaped: its process id stays taken. */
  public static void awaitEnd(int pid) {
    byte[] siginfo = new byte[SIZEOF_SIGINFO];
    int n;
    do {
      n = C.waitid(P_PID, pid, siginfo, WEXITED | WNOWAIT);
    } while (interrupted(n));
    check(n, "waitid");
  }

  /** Waits for a child to end and returns its wait status. */
  public static int waitpid(int pid) {
    int[] status = new int[1];
    int n;
    do {
      n = C.waitpid(pid, status, 0);
    } while (interrupted(n));
    check(n, "waitpid");
    return status[0];
  }

  static boolean wouldBlock(long result) {
    return result < 0 && errno() == EAGAIN;
  }

  static long check(long result, String call) {
    if (result < 0) {
      throw failed(errno(), call);
    }
    return result;
  }

  static HostException failed(int errno, String call) {
    return new HostException(errno, call, C.strerror(errno));
  }

  static boolean interrupted(long result) {
    return result < 0 && errno() == EINTR;
  }

  private static int errno() {
    return LastError.getLastError(RUNTIME);
  }
}
