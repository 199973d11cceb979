// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall.host;

import com.kenai.jffi.MemoryIO;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Unix sockets that carry descriptors, or are handed to a child: Java's own can do neither. Those
 * of {@link #listen} and {@link #connect} keep message boundaries, and nothing on them waits.
 */
public final class UnixSocket {
  /** The longest path of a socket, in bytes. */
  public static final int PATH_MAX = 107;

  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_SEQPACKET = 5;
  private static final int SOCK_NONBLOCK = 04000;
  private static final int SOCK_CLOEXEC = 02000000;
  private static final int BACKLOG = 1024;
  private static final int SOL_SOCKET = 1;
  private static final int SO_SNDBUF = 7;
  private static final int SO_PEERCRED = 17;
  private static final int BUFFER = 4 << 20;
  private static final int SCM_RIGHTS = 1;
  private static final int MSG_NOSIGNAL = 0x4000;
  private static final int MSG_CMSG_CLOEXEC = 0x40000000;

  // struct msghdr, struct iovec and struct cmsghdr in one block, then the bytes themselves.
  private static final int SIZEOF_MSGHDR = 56;
  private static final int IOVEC = SIZEOF_MSGHDR;
  private static final int CONTROL = IOVEC + 16;
  private static final int CONTROL_DATA = 16;
  private static final int CONTROL_BYTES = CONTROL_DATA + 4 * 16;
  private static final int DATA = CONTROL + CONTROL_BYTES;

  private UnixSocket() {}

  /** Two connected stream sockets, with as much buffer as the host allows anybody. */
  public static int[] pair() {
    int[] fds = new int[2];
    Host.check(Host.C.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), "socketpair");
    for (int fd : fds) {
      Host.check(Host.C.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, new int[] {BUFFER}, 4), "SO_SNDBUF");
    }
    return fds;
  }

  public static int listen(String path) {
    int fd = socket();
    byte[] address = address(path);
    try {
      Host.check(Host.C.bind(fd, address, address.length), "bind " + path);
      Host.check(Host.C.listen(fd, BACKLOG), "listen");
      return fd;
    } catch (HostException e) {
      Host.close(fd);
      throw e;
    }
  }

  public static int connect(String path) {
    int fd = socket();
    byte[] address = address(path);
    try {
      Host.check(Host.C.connect(fd, address, address.length), "connect " + path);
      return fd;
    } catch (HostException e) {
      Host.close(fd);
      throw e;
    }
  }

  private static int socket() {
    int type = SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC;
    return (int) Host.check(Host.C.socket(AF_UNIX, type, 0), "socket");
  }

  private static byte[] address(String path) {
    byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > PATH_MAX) {
      throw new IllegalArgumentException(path + " is longer than a socket's path may be");
    }
    byte[] address = new byte[2 + PATH_MAX + 1];
    address[0] = AF_UNIX;
    System.arraycopy(bytes, 0, address, 2, bytes.length);
    return address;
  }

  /** The next connection, or -1 if there is none. */
  public static int accept(int listener) {
    int fd;
    do {
      fd = Host.C.accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (Host.interrupted(fd));
    return Host.wouldBlock(fd) ? -1 : (int) Host.check(fd, "accept");
  }

  /** The user at the other end. */
  public static int peerUser(int fd) {
    int[] credentials = new int[3];
    int[] length = {12};
    Host.check(Host.C.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length), "SO_PEERCRED");
    return credentials[1];
  }

  /** Sends one message; the descriptors stay the caller's, too. */
  public static void send(int fd, byte[] bytes, int... descriptors) {
    try (Block block = new Block(bytes.length)) {
      block.words.put(DATA, bytes);
      if (descriptors.length > 0) {
        int length = CONTROL_DATA + 4 * descriptors.length;
        block.words.putLong(40, length);
        block.words.putLong(CONTROL, length);
        block.words.putInt(CONTROL + 8, SOL_SOCKET).putInt(CONTROL + 12, SCM_RIGHTS);
        for (int i = 0; i < descriptors.length; i++) {
          block.words.putInt(CONTROL + CONTROL_DATA + 4 * i, descriptors[i]);
        }
      } else {
        block.words.putLong(32, 0);
      }
      Host.check(Host.C.sendmsg(fd, block.address, MSG_NOSIGNAL), "sendmsg");
    }
  }

  /** A message and the descriptors that came with it, which are the receiver's to close. */
  public record Message(byte[] bytes, int[] descriptors) {}

  /** The next message of at most so many bytes; empty at the end, null if there is none yet. */
  public static Message receive(int fd, int most) {
    try (Block block = new Block(most)) {
      block.words.putLong(40, CONTROL_BYTES);
      long n;
      do {
        n = Host.C.recvmsg(fd, block.address, MSG_CMSG_CLOEXEC);
      } while (Host.interrupted(n));
      if (Host.wouldBlock(n)) {
        return null;
      }
      byte[] bytes = new byte[(int) Host.check(n, "recvmsg")];
      block.words.get(DATA, bytes);
      return new Message(bytes, block.descriptors());
    }
  }

  /** The memory of one call. */
  private static final class Block implements AutoCloseable {
    final long address;
    final ByteBuffer words;

    Block(int bytes) {
      address = MemoryIO.getInstance().allocateMemory(DATA + bytes, true);
      words =
          MemoryIO.getInstance()
              .newDirectByteBuffer(address, DATA + bytes)
              .order(ByteOrder.LITTLE_ENDIAN);
      words.putLong(16, address + IOVEC).putLong(24, 1).putLong(32, address + CONTROL);
      words.putLong(IOVEC, address + DATA).putLong(IOVEC + 8, bytes);
    }

    int[] descriptors() {
      boolean some =
          words.getLong(40) >= CONTROL_DATA + 4
              && words.getInt(CONTROL + 8) == SOL_SOCKET
              && words.getInt(CONTROL + 12) == SCM_RIGHTS;
      int[] fds = new int[some ? (int) (words.getLong(CONTROL) - CONTROL_DATA) / 4 : 0];
      for (int i = 0; i < fds.length; i++) {
        fds[i] = words.getInt(CONTROL + CONTROL_DATA + 4 * i);
      }
      return fds;
    }

    @Override
    public void close() {
      MemoryIO.getInstance().freeMemory(address);
    }
  }
}
