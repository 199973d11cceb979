// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;
import org.lodger.hypercall.host.UnixSocket;

/**
 * The folder in which the members of a link meet: a socket of each, named by its identity. Whoever
 * comes connects to all who are there, so nobody leads, and nobody is missed when he leaves.
 */
final class LinkFolder implements AutoCloseable {
  private static final int ECONNREFUSED = 111;
  private static final int ATTEMPTS = 10;
  private static final String NAME = "[0-9a-f]{16}";

  private final Path folder;
  private final long id;
  private final int listener;

  private LinkFolder(Path folder, long id, int listener) {
    this.folder = folder;
    this.id = id;
    this.listener = listener;
  }

  /** Takes a place in the folder, and makes the folder if need be. */
  static LinkFolder enter(Path folder, long id) {
    String name = String.format("%016x", id);
    Path path = folder.toAbsolutePath().resolve(name);
    // Others must not meet a socket that does not listen yet: they would take it for a dead one's.
    Path hidden = path.resolveSibling("." + name);
    if (hidden.toString().getBytes(StandardCharsets.UTF_8).length > UnixSocket.PATH_MAX) {
      throw new NetException("link " + folder + " has too long a name; choose a shorter one");
    }
    for (int attempt = 1; ; attempt++) {
      create(folder);
      try {
        int listener = UnixSocket.listen(hidden.toString());
        Files.move(hidden, path);
        return new LinkFolder(folder.toAbsolutePath(), id, listener);
      } catch (HostException | IOException e) {
        // The last member may just have left, and taken the folder with it.
        if (Files.isDirectory(folder) || attempt == ATTEMPTS) {
          throw new NetException("cannot join link " + folder + ": " + e.getMessage());
        }
      }
    }
  }

  private static void create(Path folder) {
    try {
      if (!Files.isDirectory(folder)) {
        Files.createDirectory(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        return;
      }
      Set<PosixFilePermission> who = Files.getPosixFilePermissions(folder);
      if (who.contains(PosixFilePermission.GROUP_WRITE)
          || who.contains(PosixFilePermission.OTHERS_WRITE)) {
        throw new NetException(
            "link " + folder + " is open to other users; type: chmod 700 " + folder);
      }
    } catch (java.nio.file.FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder)) {
        throw new NetException("link " + folder + " is a file; name a folder, or a new one");
      }
    } catch (IOException e) {
      throw new NetException("cannot make the folder of link " + folder + ": " + e.getMessage());
    }
  }

  int listener() {
    return listener;
  }

  /** A connection to another member. */
  record Connection(int socket, long id) {}

  /** Connects to all others who are there, and forgets those who died. */
  List<Connection> connectToAll() {
    List<Connection> connections = new ArrayList<>();
    try (DirectoryStream<Path> members = Files.newDirectoryStream(folder)) {
      for (Path member : members) {
        String name = member.getFileName().toString();
        if (!name.matches(NAME) || Long.parseUnsignedLong(name, 16) == id) {
          continue;
        }
        int socket = connect(member);
        if (socket >= 0) {
          connections.add(new Connection(socket, Long.parseUnsignedLong(name, 16)));
        }
      }
    } catch (IOException e) {
      throw new NetException("cannot read the folder of link " + folder + ": " + e.getMessage());
    }
    return connections;
  }

  private static int connect(Path member) throws IOException {
    try {
      return UnixSocket.connect(member.toString());
    } catch (HostException e) {
      if (e.errno() == ECONNREFUSED) {
        Files.deleteIfExists(member);
      }
      return -1;
    }
  }

  /** Leaves, clears up behind those who were killed, and removes the folder if nobody is left. */
  @Override
  public void close() {
    Host.close(listener);
    try {
      Files.deleteIfExists(folder.resolve(String.format("%016x", id)));
      connectToAll().forEach(connection -> Host.close(connection.socket()));
      Files.delete(folder);
    } catch (IOException | NetException e) {
      // Others are there.
    }
  }
}
