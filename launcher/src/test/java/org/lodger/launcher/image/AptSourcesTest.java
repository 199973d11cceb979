// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AptSourcesTest {
  @TempDir Path apt;

  @BeforeEach
  void folder() throws IOException {
    Files.createDirectory(apt.resolve("sources.list.d"));
  }

  @Test
  void findsTheMirrorInTheOldFormat() throws IOException {
    Files.writeString(
        apt.resolve("sources.list"),
        """
        # deb http://old.example/debian bookworm main
        deb http://security.example/debian-security bookworm-security main
        deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://near.example/debian bookworm main
        """);
    assertEquals(Optional.of("http://near.example/debian"), AptSources.mirror(apt));
  }

  @Test
  void findsTheMirrorInTheNewFormat() throws IOException {
    Files.writeString(
        apt.resolve("sources.list.d/debian.sources"),
        """
        Types: deb
        URIs: http://near.example/debian/
        Suites: bookworm
        """);
    assertEquals(Optional.of("http://near.example/debian/"), AptSources.mirror(apt));
  }

  @Test
  void knowsNoMirrorWhereOtherThingsAreInstalledFrom() throws IOException {
    Files.writeString(
        apt.resolve("sources.list"), "deb http://archive.example/ubuntu noble main\n");
    assertEquals(Optional.empty(), AptSources.mirror(apt));
  }

  @Test
  void aHostWithoutAptHasNoMirror() {
    assertEquals(Optional.empty(), AptSources.mirror(apt.resolve("nothing")));
  }
}
