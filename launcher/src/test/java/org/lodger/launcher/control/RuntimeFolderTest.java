// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuntimeFolderTest {
  private static final int UID = 54321;

  @TempDir private Path dir;

  private Path find() throws IOException {
    Path found = RuntimeFolder.find(dir.toString(), UID);
    if (found.startsWith("/tmp/lodger-" + UID)) {
      Files.delete(found);
    }
    return found;
  }

  @Test
  void isMadeForTheUserAlone() throws IOException {
    Path found = find();
    assertEquals(dir.resolve("lodger"), found);
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(found)));
    assertEquals(found, find());
  }

  @Test
  void othersMustNotEnter() throws IOException {
    Files.createDirectory(dir.resolve("lodger"));
    Files.setPosixFilePermissions(
        dir.resolve("lodger"), PosixFilePermissions.fromString("rwxr-xr-x"));
    assertNotEquals(dir.resolve("lodger"), find());
  }

  @Test
  void aLinkIsNotFollowed() throws IOException {
    Path elsewhere = Files.createDirectory(dir.resolve("elsewhere"));
    Files.setPosixFilePermissions(elsewhere, PosixFilePermissions.fromString("rwx------"));
    Files.createSymbolicLink(dir.resolve("lodger"), elsewhere);
    assertNotEquals(dir.resolve("lodger"), find());
  }

  @Test
  void aSessionFolderThatIsGoneIsNoObstacle() throws IOException {
    Path found = RuntimeFolder.find("/nonexistent", UID);
    assertEquals(Path.of("/tmp/lodger-" + UID), found);
    Files.delete(found);
  }
}
