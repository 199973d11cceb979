// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.image;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.lodger.launcher.Programs;
import org.lodger.launcher.UsageException;

/**
 * Makes a raw ext4 image from a folder or a tar file without being root: mke2fs fills the file
 * system itself, and fakeroot remembers owners and devices that an ordinary user cannot make. The
 * image appears under its name only when it is whole.
 */
public final class DiskImage {
  private static final long BLOCK = 4096;
  private static final long LEAST = 64L << 20;
  static final boolean ROOT = "root".equals(System.getProperty("user.name"));

  private final Path file;
  private final long size;

  /** A {@code size} of 0 leaves some room beside what goes in. */
  public DiskImage(Path file, long size) {
    Path folder = file.toAbsolutePath().getParent();
    if (Files.exists(file)) {
      throw new UsageException(file + " is there already; delete it first, or choose another name");
    }
    if (!Files.isDirectory(folder)) {
      throw new UsageException("there is no folder " + folder + " to make " + file + " in");
    }
    Programs.need("mke2fs", "e2fsprogs");
    if (!ROOT) {
      Programs.need("fakeroot", "fakeroot");
    }
    this.file = file;
    this.size = size;
  }

  public void fill(Path source) {
    if (Files.isDirectory(source)) {
      fillFromFolder(source, fakeroot());
    } else if (Files.isRegularFile(source)) {
      fillFromTar(source);
    } else {
      throw new UsageException("there is no folder or tar file " + source);
    }
  }

  private void fillFromTar(Path tar) {
    Path folder = null;
    Path owners = null;
    try {
      folder = Files.createTempDirectory(file.toAbsolutePath().getParent(), ".lodger-image");
      owners = Files.createTempFile("lodger-owners", null);
      Programs.run(
          command(
              fakeroot("-s", owners.toString()),
              "tar",
              "--extract",
              "--preserve-permissions",
              "--numeric-owner",
              "--xattrs",
              "--xattrs-include=*",
              "--directory",
              folder.toString(),
              "--file",
              tar.toString()));
      fillFromFolder(folder, fakeroot("-i", owners.toString()));
    } catch (IOException e) {
      throw new UsageException("cannot unpack " + tar + ": " + e);
    } finally {
      if (folder != null) {
        // A folder that its owner may not write cannot be emptied by him.
        Programs.status(List.of("chmod", "-R", "u+rwX", folder.toString()));
        Programs.status(List.of("rm", "-rf", folder.toString()));
      }
      if (owners != null) {
        owners.toFile().delete();
      }
    }
  }

  private void fillFromFolder(Path folder, List<String> prefix) {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      try (RandomAccessFile empty = new RandomAccessFile(part.toFile(), "rw")) {
        empty.setLength(0);
        empty.setLength(size != 0 ? size : roomFor(folder));
      }
      Programs.run(
          command(
              prefix,
              "mke2fs",
              "-q",
              "-t",
              "ext4",
              "-E",
              "root_owner=0:0",
              "-d",
              folder.toString(),
              part.toString()));
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UsageException("cannot make " + file + ": " + e);
    } finally {
      part.toFile().delete();
    }
  }

  /** What the files take, half as much again, and the journal. */
  private static long roomFor(Path folder) throws IOException {
    AtomicLong bytes = new AtomicLong();
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
            bytes.addAndGet((attributes.size() + BLOCK - 1) / BLOCK * BLOCK + 256);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
            bytes.addAndGet(BLOCK);
            return FileVisitResult.CONTINUE;
          }
        });
    long wanted = Math.max(LEAST, bytes.get() + bytes.get() / 2 + (64L << 20));
    return (wanted + BLOCK - 1) / BLOCK * BLOCK;
  }

  private static List<String> fakeroot(String... options) {
    if (ROOT) {
      return List.of();
    }
    List<String> prefix = new ArrayList<>(List.of("fakeroot"));
    prefix.addAll(List.of(options));
    prefix.add("--");
    return prefix;
  }

  private static List<String> command(List<String> prefix, String... rest) {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(Arrays.asList(rest));
    return command;
  }
}
