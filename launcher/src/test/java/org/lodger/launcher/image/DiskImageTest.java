// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodger.launcher.Programs;
import org.lodger.launcher.UsageException;

/** Makes real images with mke2fs and looks into them with debugfs. */
class DiskImageTest {
  @TempDir Path temp;
  private Path source;
  private Path image;

  @BeforeEach
  void files() throws IOException {
    source = Files.createDirectories(temp.resolve("source/sub")).getParent();
    Files.writeString(source.resolve("sub/hello"), "hello from the host\n");
    Files.createSymbolicLink(source.resolve("link"), Path.of("sub/hello"));
    image = temp.resolve("disk.img");
  }

  @Test
  void holdsAFolder() throws Exception {
    new DiskImage(image, 0).fill(source);
    assertEquals("hello from the host\n", debugfs("cat /sub/hello"));
    assertTrue(debugfs("stat /link").contains("sub/hello"));
  }

  @Test
  void itsFilesBelongToRoot() throws Exception {
    new DiskImage(image, 0).fill(source);
    assertTrue(debugfs("stat /sub/hello").matches("(?s).*User:\\s+0\\s+Group:\\s+0.*"));
  }

  @Test
  void holdsWhatATarFileHolds() throws Exception {
    Path tar = temp.resolve("a.tar.gz");
    Programs.run(
        List.of(
            "tar",
            "-czf",
            tar.toString(),
            "--owner=1234",
            "--group=4321",
            "-C",
            source.toString(),
            "sub",
            "link"));
    new DiskImage(image, 100L << 20).fill(tar);
    assertEquals("hello from the host\n", debugfs("cat /sub/hello"));
    assertTrue(debugfs("stat /sub/hello").matches("(?s).*User:\\s+1234\\s+Group:\\s+4321.*"));
    assertEquals(100L << 20, Files.size(image));
  }

  @Test
  void leavesNothingWhenItFails() throws IOException {
    Path tar = Files.writeString(temp.resolve("bad.tar"), "no archive at all");
    DiskImage disk = new DiskImage(image, 0);
    assertThrows(UsageException.class, () -> disk.fill(tar));
    assertFalse(Files.exists(image));
    try (var left = Files.list(temp)) {
      assertEquals(2, left.count(), "only the source and the bad tar file");
    }
  }

  @Test
  void leavesNothingWhenTheFilesDoNotFit() throws IOException {
    byte[] big = new byte[4 << 20];
    Arrays.fill(big, (byte) 1); // zeros would take no room
    Files.write(source.resolve("big"), big);
    DiskImage disk = new DiskImage(image, 1L << 20);
    assertThrows(UsageException.class, () -> disk.fill(source));
    assertFalse(Files.exists(image));
    assertFalse(Files.exists(temp.resolve("disk.img.part")));
  }

  @Test
  void neverOverwritesAFile() throws IOException {
    Files.writeString(image, "precious");
    assertThrows(UsageException.class, () -> new DiskImage(image, 0));
    assertEquals("precious", Files.readString(image));
  }

  private String debugfs(String request) throws Exception {
    Process process =
        new ProcessBuilder(
                Programs.find("debugfs").orElseThrow().toString(), "-R", request, image.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String output = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return output;
  }
}
