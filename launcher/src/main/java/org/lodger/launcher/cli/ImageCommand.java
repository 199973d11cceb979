// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.image.DebianDisk;
import org.lodger.launcher.image.DiskImage;
import org.lodger.launcher.image.ImageSize;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "image",
    description = "Make disks. None of it needs root.",
    subcommands = {ImageCommand.Create.class, ImageCommand.Debian.class},
    synopsisSubcommandLabel = "create|debian")
final class ImageCommand {
  @Command(
      name = "create",
      description = "Make an ext4 disk that holds a folder, or what a tar file holds.")
  static final class Create implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "The disk to make.")
    private Path file;

    @Option(
        names = "--from",
        required = true,
        paramLabel = "DIR|TAR",
        description = "What to put on it. Your own files become root's.")
    private Path from;

    @Option(
        names = "--size",
        paramLabel = "SIZE",
        description = "For example 300M or 2G; by default there is room for half as much again.")
    private String size;

    @Override
    public Integer call() {
      new DiskImage(file, size == null ? 0 : ImageSize.parse(size)).fill(from);
      return 0;
    }
  }

  @Command(
      name = "debian",
      description =
          "Make a disk with a Debian that boots to a login prompt. Log in as root, without a"
              + " password. Boot it with: lodger run --disk FILE")
  static final class Debian implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "The disk to make.")
    private Path file;

    @Option(
        names = "--suite",
        paramLabel = "NAME",
        defaultValue = "bookworm",
        description = "The Debian release (${DEFAULT-VALUE}).")
    private String suite;

    @Option(
        names = "--size",
        paramLabel = "SIZE",
        defaultValue = "2G",
        description = "Size of the disk (${DEFAULT-VALUE}); it takes only what is used.")
    private String size;

    @Option(
        names = "--include",
        paramLabel = "PACKAGE,...",
        defaultValue = "",
        description = "More packages to install.")
    private String include;

    @Option(
        names = "--mirror",
        paramLabel = "URI",
        description = "Where packages come from; by default this host's own Debian mirror.")
    private String mirror;

    @Override
    public Integer call() {
      DiskImage image = new DiskImage(file, ImageSize.parse(size));
      DebianDisk.make(image, suite, include, mirror, cache());
      System.err.println("lodger: boot it with: lodger run --disk " + file);
      return 0;
    }
  }

  private static Path cache() {
    Map<String, String> env = System.getenv();
    String base = env.getOrDefault("XDG_CACHE_HOME", "");
    Path cache = base.isEmpty() ? Path.of(env.get("HOME"), ".cache") : Path.of(base);
    try {
      return Files.createDirectories(cache.resolve("lodger"));
    } catch (IOException e) {
      throw new UsageException("cannot make the cache folder " + cache + ": " + e.getMessage());
    }
  }
}
