// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.vsock;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The unix sockets that stand for the host's ports, as Firecracker has them: clients of the guest's
 * come to one socket; what the guest connects to, port P of the host, is the socket {@code
 * <path>_P}.
 */
public final class HostSockets implements AutoCloseable {
  /** Of {@code sun_path}, with its final 0. */
  private static final int PATH_BYTES = 108;

  private static final int LONGEST_PORT = "_4294967295".length();

  private final Path path;
  private final ServerSocketChannel server;

  private HostSockets(Path path, ServerSocketChannel server) {
    this.path = path;
    this.server = server;
  }

  /**
   * Listens. The socket of somebody who was killed is taken over.
   *
   * @throws IOException with a line for the user
   */
  public static HostSockets listen(Path path) throws IOException {
    int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length + LONGEST_PORT;
    if (bytes >= PATH_BYTES) {
      throw new IOException(path + " is too long for a socket; choose one below 96 bytes");
    }
    SocketAddress address = UnixDomainSocketAddress.of(path);
    removeStale(path, address);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(address);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
      server.configureBlocking(false);
      return new HostSockets(path, server);
    } catch (IOException e) {
      server.close();
      throw new IOException("cannot listen at " + path + ": " + e.getMessage(), e);
    }
  }

  private static void removeStale(Path path, SocketAddress address) throws IOException {
    if (!Files.exists(path)) {
      return;
    }
    if (Files.isRegularFile(path) || Files.isDirectory(path)) {
      throw new IOException(path + " exists and is no socket; choose another path");
    }
    try (SocketChannel probe = SocketChannel.open(address)) {
      throw new InUse(path);
    } catch (InUse e) {
      throw e;
    } catch (IOException e) {
      Files.deleteIfExists(path);
    }
  }

  private static final class InUse extends IOException {
    private static final long serialVersionUID = 1;

    InUse(Path path) {
      super(path + " is in use by another guest; choose another path");
    }
  }

  ServerSocketChannel server() {
    return server;
  }

  /** Who listens for that port of the host's; does not wait. */
  SocketChannel connect(int port) throws IOException {
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      socket.configureBlocking(false);
      String name = path + "_" + Integer.toUnsignedString(port);
      if (!socket.connect(UnixDomainSocketAddress.of(name))) {
        throw new IOException("too many wait there");
      }
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    Files.deleteIfExists(path);
  }
}
