// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.lodger.bench.system.Site;

/** Makes what all systems share, once, and again when the programs have changed. */
final class Preparation {
  private static final int DATA_MIB = 256;
  private static final int NEEDED_MIB = 2500;
  private static final int NEEDED_MEMORY_MIB = 1200;

  private final Site site;
  private final Progress progress;

  Preparation(Site site, Progress progress) {
    this.site = site;
    this.progress = progress;
  }

  /** Two benchmarks at once would measure each other. The lock ends with this process. */
  void lock() {
    try {
      Files.createDirectories(site.work());
      FileChannel file =
          FileChannel.open(
              site.work().resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      if (file.tryLock() == null) {
        throw new Refusal("another benchmark runs on this host; wait for it");
      }
    } catch (IOException e) {
      throw new Refusal("cannot write to " + site.work() + ": " + e);
    }
  }

  /** Returns the digest of the programs. */
  String prepare() {
    String digest = digest();
    Path stamp = site.work().resolve("programs");
    try {
      boolean ready = Files.exists(stamp) && Files.readString(stamp).equals(digest);
      checkRoom(ready);
      if (!ready) {
        Files.deleteIfExists(stamp);
        makeRoot();
        Files.writeString(stamp, digest);
      }
      makeData();
    } catch (IOException e) {
      throw new Refusal("cannot prepare " + site.work() + ": " + e);
    }
    return digest;
  }

  private void checkRoom(boolean ready) throws IOException {
    long free = Files.getFileStore(site.work()).getUsableSpace() >> 20;
    long needed = ready ? DATA_MIB : NEEDED_MIB;
    if (free < needed) {
      throw new Refusal(
          String.format(
              "%s has %d MiB free, a benchmark needs %d; free some, or set XDG_CACHE_HOME",
              site.work(), free, needed));
    }
    long memory = new HostFacts(Path.of("/")).mebibytes("MemAvailable:");
    if (memory < NEEDED_MEMORY_MIB) {
      throw new Refusal(
          String.format(
              "this host has %d MiB of memory free, a benchmark needs %d",
              memory, NEEDED_MEMORY_MIB));
    }
  }

  private void makeRoot() throws IOException {
    progress.say("making the root that all systems run; the first time it fetches Debian packages");
    Path script = site.home().resolve("test/bench/make-root");
    Process process =
        new ProcessBuilder(script.toString(), site.work().toString()).inheritIO().start();
    try {
      if (process.waitFor() != 0) {
        throw new Refusal("the benchmark's root cannot be made: see above");
      }
    } catch (InterruptedException e) {
      process.destroy();
      throw new Refusal("interrupted");
    }
  }

  /** Random, so that no layer finds zeroes to skip. The same for all systems. */
  private void makeData() throws IOException {
    if (Files.exists(site.data()) && Files.size(site.data()) == (long) DATA_MIB << 20) {
      return;
    }
    byte[] mib = new byte[1 << 20];
    Random random = new Random(1);
    try (OutputStream out = Files.newOutputStream(site.data())) {
      for (int i = 0; i < DATA_MIB; i++) {
        random.nextBytes(mib);
        out.write(mib);
      }
    }
  }

  /** Of all that goes into the root from this checkout. */
  private String digest() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      Path bench = site.home().resolve("test/bench");
      for (Path folder :
          List.of(
              bench.resolve("root"),
              bench.resolve("micro"),
              bench.resolve("make-root"),
              site.home().resolve("test/guest"))) {
        add(digest, folder);
      }
      return HexFormat.of().formatHex(digest.digest(), 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    } catch (IOException e) {
      throw new Refusal("cannot read the benchmark's programs: " + e);
    }
  }

  private static void add(MessageDigest digest, Path start) throws IOException {
    try (Stream<Path> files = Files.walk(start, 1)) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile).sorted()::iterator) {
        digest.update(file.getFileName().toString().getBytes());
        digest.update(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(file)).getBytes());
        digest.update(Files.readAllBytes(file));
      }
    }
  }
}
