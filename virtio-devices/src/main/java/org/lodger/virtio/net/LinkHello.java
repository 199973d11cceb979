// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lodger.hypercall.GuestMemoryException;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;
import org.lodger.hypercall.host.UnixSocket;

/**
 * The one message between two members of a link, sent by both: who they are. With it come two
 * descriptors: the ring that its sender reads, and the eventfd that wakes its sender.
 *
 * <pre>
 * struct { le64 magic; le32 version; le32 capacity; le64 id; };
 * </pre>
 */
record LinkHello(long id, LinkRing ring, int doorbell) implements AutoCloseable {
  static final int BYTES = 24;

  private static final long MAGIC = 0x6b6e696c6764676cL;
  private static final int VERSION = 1;

  static void send(int socket, long id, LinkRing ring, int doorbell) {
    byte[] hello =
        ByteBuffer.allocate(BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(MAGIC)
            .putInt(VERSION)
            .putInt(LinkRing.CAPACITY)
            .putLong(id)
            .array();
    UnixSocket.send(socket, hello, ring.fd(), doorbell);
  }

  /** Reads a message; null if it is no such thing, and then its descriptors are closed. */
  static LinkHello parse(UnixSocket.Message message) {
    int[] fds = message.descriptors();
    ByteBuffer in = ByteBuffer.wrap(message.bytes()).order(ByteOrder.LITTLE_ENDIAN);
    boolean good =
        message.bytes().length == BYTES
            && fds.length == 2
            && in.getLong() == MAGIC
            && in.getInt() == VERSION
            && in.getInt() == LinkRing.CAPACITY;
    if (!good) {
      for (int fd : fds) {
        Host.close(fd);
      }
      return null;
    }
    try {
      return new LinkHello(in.getLong(), LinkRing.of(fds[0]), fds[1]);
    } catch (GuestMemoryException | HostException e) {
      Host.close(fds[1]);
      return null;
    }
  }

  @Override
  public void close() {
    ring.close();
    Host.close(doorbell);
  }
}
