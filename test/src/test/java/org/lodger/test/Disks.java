// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Disk images for tests. */
final class Disks {
  /** ./lodger notes there which kernel guests get by default. */
  private static final Path KERNEL_PATH = Lodger.HOME.resolve("target/lodger/kernel.path");

  private Disks() {}

  /** A root disk with busybox and this module's guest programs in /test. Made once a build. */
  static synchronized Path programs() {
    return image("programs.img", "512M", List.of());
  }

  /** The same with those programs of this machine that it has. */
  static synchronized Path programsAnd(String... names) {
    List<String> present = Arrays.stream(names).filter(Host::has).toList();
    return image("programs-" + String.join("-", names) + ".img", "768M", present);
  }

  private static Path image(String name, String size, List<String> more) {
    Path file = Lodger.WORK.resolve(name);
    Path folder = Lodger.WORK.resolve("guest");
    try {
      lendModule(folder.resolve("dummy.ko"));
      if (!Files.exists(file) || Host.newest(folder).compareTo(Files.getLastModifiedTime(file)) > 0) {
        Path fresh = Lodger.WORK.resolve(name + ".tmp");
        List<String> line = new ArrayList<>();
        line.add(Lodger.HOME.resolve("test/guest/build-disk").toString());
        line.addAll(List.of(fresh.toString(), size, folder.toString()));
        line.addAll(more);
        Host.must(line.toArray(String[]::new));
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A module of the very kernel that guests run; a kernel that has none leaves none on the disk. */
  private static void lendModule(Path module) throws IOException {
    Optional<Path> built = builtModule();
    if (built.isEmpty()) {
      Files.deleteIfExists(module);
    } else if (!Files.exists(module) || Files.mismatch(built.get(), module) >= 0) {
      Files.copy(built.get(), module, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static Optional<Path> builtModule() throws IOException {
    if (!Files.exists(KERNEL_PATH)) {
      return Optional.empty();
    }
    Path kernel = Path.of(Files.readString(KERNEL_PATH).strip());
    try (Stream<Path> files = Files.walk(kernel.getParent())) {
      return files.filter(file -> file.endsWith("dummy.ko")).findFirst();
    }
  }

  static Path blank(Path folder, String name, long size) {
    Path file = folder.resolve(name);
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      f.setLength(size);
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Path ext4(Path folder, String name, long size) {
    Path file = blank(folder, name, size);
    Host.must("mke2fs", "-q", "-t", "ext4", file.toString());
    return file;
  }
}
