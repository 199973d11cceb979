// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.lodger.launcher.UsageException;

/**
 * Where this user's guests have their sockets and logs: a folder that nobody else may enter, in
 * memory where the host has such a place.
 */
public final class RuntimeFolder {
  private RuntimeFolder() {}

  /**
   * Finds the folder, and makes it if need be: the first that works of $XDG_RUNTIME_DIR/lodger,
   * /run/user/UID/lodger (for root /run/lodger), /tmp/lodger-UID.
   */
  public static Path find() {
    return find(System.getenv().getOrDefault("XDG_RUNTIME_DIR", ""), uid());
  }

  static Path find(String session, int uid) {
    List<Path> places = new ArrayList<>();
    if (session.startsWith("/")) {
      places.add(Path.of(session, "lodger"));
    }
    places.add(uid == 0 ? Path.of("/run/lodger") : Path.of("/run/user/" + uid, "lodger"));
    places.add(Path.of("/tmp/lodger-" + uid));
    for (Path place : places) {
      if (isOurs(place)) {
        return place;
      }
    }
    throw new UsageException(
        "no folder for the guest's socket: neither of "
            + places
            + " is ours alone; set XDG_RUNTIME_DIR to one that is");
  }

  private static boolean isOurs(Path place) {
    try {
      Files.createDirectory(
          place,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      // As it should be, from the second guest on.
    } catch (IOException e) {
      return false;
    }
    try {
      PosixFileAttributes found =
          Files.readAttributes(place, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return found.isDirectory()
          && found.owner().equals(Files.getOwner(Path.of("/proc/self")))
          && PosixFilePermissions.toString(found.permissions()).equals("rwx------");
    } catch (IOException e) {
      return false;
    }
  }

  private static int uid() {
    try {
      return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    } catch (IOException e) {
      throw new UsageException("/proc is not mounted: " + e.getMessage());
    }
  }
}
