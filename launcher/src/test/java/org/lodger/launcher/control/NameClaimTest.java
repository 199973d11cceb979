// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodger.launcher.UsageException;

class NameClaimTest {
  @TempDir private Path dir;

  private long files() throws IOException {
    try (Stream<Path> files = Files.list(dir)) {
      return files.count();
    }
  }

  @Test
  void aNameIsTakenOnce() throws IOException {
    try (NameClaim claim = NameClaim.take(dir, "web")) {
      assertEquals("web", claim.files().name());
      UsageException e = assertThrows(UsageException.class, () -> NameClaim.take(dir, "web"));
      assertTrue(e.getMessage().contains("web runs already"), e.getMessage());
    }
    NameClaim.take(dir, "web").close();
    assertEquals(0, files());
  }

  @Test
  void namesAreMadeUpInOrder() {
    try (NameClaim one = NameClaim.take(dir, null);
        NameClaim two = NameClaim.take(dir, null)) {
      assertEquals("guest", one.files().name());
      assertEquals("guest-2", two.files().name());
      one.close();
      try (NameClaim again = NameClaim.take(dir, null)) {
        assertEquals("guest", again.files().name());
      }
    }
  }

  @Test
  void anotherProcessHoldsAName() throws IOException, InterruptedException {
    GuestFiles files = new GuestFiles(dir, "web");
    Process other =
        new ProcessBuilder("flock", "--no-fork", files.lock().toString(), "sleep", "100").start();
    try {
      while (!Files.exists(files.lock())) {
        Thread.sleep(5);
      }
      Thread.sleep(50);
      assertThrows(UsageException.class, () -> NameClaim.take(dir, "web"));
      Files.writeString(files.socket(), "");
      NameClaim.cleanUp(files);
      assertTrue(Files.exists(files.socket()), "it lives, and its socket is gone");
    } finally {
      other.destroyForcibly();
      other.waitFor(10, TimeUnit.SECONDS);
    }
    try (NameClaim claim = NameClaim.take(dir, "web")) {
      assertFalse(Files.exists(claim.files().socket()), "the dead one's socket is there");
    }
    assertEquals(0, files());
  }

  @Test
  void theLogOfADetachedGuestStays() throws IOException {
    NameClaim claim = NameClaim.take(dir, "web");
    Files.writeString(claim.files().log(), "said");
    claim.keepLog();
    claim.close();
    assertEquals(1, files());
    NameClaim.take(dir, "web").close();
    assertEquals(0, files());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a/b", "-x", "a b", "a\nb", "ä", ".hidden"})
  void refusesWhatIsNoName(String name) {
    UsageException e = assertThrows(UsageException.class, () -> NameClaim.take(dir, name));
    assertEquals(1, e.getMessage().lines().count());
  }

  @Test
  void refusesTooLong() {
    assertThrows(UsageException.class, () -> NameClaim.take(dir, "x".repeat(49)));
    Path deep = dir.resolve("y".repeat(90));
    UsageException e =
        assertThrows(UsageException.class, () -> NameClaim.take(deep, "x".repeat(48)));
    assertTrue(e.getMessage().contains("XDG_RUNTIME_DIR"), e.getMessage());
  }
}
