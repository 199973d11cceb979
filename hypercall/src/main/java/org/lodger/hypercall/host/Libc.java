// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall.host;

import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;

/**
 * The host's C library as the launcher uses it. Addresses are plain longs. Public only because
 * JNR-FFI implements it from another class loader: callers use {@link Host}.
 *
 * <p>No method may have exactly six integer arguments: JNR-FFI's call stub for x86-64 then passes a
 * wrong sixth one. Such a function is declared with a seventh argument that the callee never looks
 * at.
 */
public interface Libc {
  int open(String path, int flags, int mode);

  int close(int fd);

  long read(int fd, long buf, long count);

  long write(int fd, long buf, long count);

  long read(int fd, @Out byte[] buf, long count);

  long write(int fd, @In byte[] buf, long count);

  long pread(int fd, long buf, long count, long offset);

  long pwrite(int fd, long buf, long count, long offset);

  long preadv(int fd, @In long[] iov, int count, long offset);

  long pwritev(int fd, @In long[] iov, int count, long offset);

  long readv(int fd, @In long[] iov, int count);

  long writev(int fd, @In long[] iov, int count);

  int poll(@In @Out long[] fds, long count, int timeout);

  int socket(int domain, int type, int protocol);

  int socketpair(int domain, int type, int protocol, @Out int[] fds);

  int bind(int fd, @In byte[] address, int length);

  int listen(int fd, int backlog);

  int connect(int fd, @In byte[] address, int length);

  int accept4(int fd, long address, long length, int flags);

  int setsockopt(int fd, int level, int name, @In int[] value, int length);

  int getsockopt(int fd, int level, int name, @Out int[] value, @In @Out int[] length);

  long sendmsg(int fd, long message, int flags);

  long recvmsg(int fd, long message, int flags);

  int fdatasync(int fd);

  int ftruncate(int fd, long length);

  int fallocate(int fd, int mode, long offset, long length);

  long lseek(int fd, long offset, int whence);

  int statx(int fd, String path, int flags, int mask, @Out byte[] statx);

  int flock(int fd, int operation);

  int fcntl(int fd, int cmd, long arg);

  int ioctl(int fd, long request, @In @Out byte[] arg);

  int dup2(int from, int to);

  int setsid();

  int ioctl(int fd, long request, long arg);

  int memfd_create(String name, int flags);

  long mmap(long addr, long length, int prot, int flags, int fd, long offset, long unused);

  int munmap(long addr, long length);

  int madvise(long addr, long length, int advice);

  int eventfd(int initial, int flags);

  int pipe2(@Out int[] fds, int flags);

  long getrandom(long buf, long length, int flags);

  int kill(int pid, int signal);

  int waitid(int idType, int id, @Out byte[] siginfo, int options);

  int waitpid(int pid, @Out int[] status, int options);

  int posix_spawn(
      @Out int[] pid,
      String path,
      @In byte[] fileActions,
      @In byte[] attributes,
      @In String[] argv,
      @In String[] envp,
      long unused);

  int posix_spawn_file_actions_init(@Out byte[] actions);

  int posix_spawn_file_actions_addclose(@In @Out byte[] actions, int fd);

  int posix_spawn_file_actions_adddup2(@In @Out byte[] actions, int from, int to);

  int posix_spawn_file_actions_destroy(@In byte[] actions);

  int posix_spawnattr_init(@Out byte[] attributes);

  int posix_spawnattr_setflags(@In @Out byte[] attributes, short flags);

  int posix_spawnattr_setsigmask(@In @Out byte[] attributes, @In byte[] signals);

  int posix_spawnattr_setsigdefault(@In @Out byte[] attributes, @In byte[] signals);

  int isatty(int fd);

  int tcgetattr(int fd, @Out byte[] termios);

  int tcsetattr(int fd, int actions, @In byte[] termios);

  void cfmakeraw(@In @Out byte[] termios);

  /** System calls that the C library has no function for. */
  long syscall(long number, long a, long b, long c, long d, long e, long f);

  String strerror(int errno);
}
