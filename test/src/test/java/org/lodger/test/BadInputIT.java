// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What bad input gets: one line on stderr that names the file, and status 2. */
class BadInputIT {
  private static final Path GOOD_KERNEL = Lodger.WORK.resolve("hostile.elf");

  @TempDir private Path folder;

  private static void refused(Lodger lodger, String... mentions) {
    Lodger.Result result = lodger.within(Duration.ofSeconds(30)).finish();
    assertEquals(2, result.status(), result::toString);
    assertEquals(1, result.err().lines().count(), result::toString);
    assertEquals("", result.out());
    assertFalse(result.err().contains("Exception"), result::toString);
    for (String mention : mentions) {
      assertTrue(result.err().contains(mention), () -> "no '" + mention + "' in " + result.err());
    }
  }

  private static Lodger kernel(Path file) {
    return Lodger.run("--mem", "64M", "--kernel", file.toString());
  }

  private Path broken(String name, Consumer<ByteBuffer> change) throws IOException {
    byte[] bytes = Files.readAllBytes(GOOD_KERNEL);
    change.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    return Files.write(folder.resolve(name), bytes);
  }

  /** Where the note's descriptor is: behind its name, which is the first "Lodger" in the file. */
  private static int note(ByteBuffer elf) {
    byte[] name = "Lodger\0\0".getBytes();
    for (int i = 0; i < elf.limit() - name.length; i++) {
      byte[] here = new byte[name.length];
      elf.get(i, here);
      if (java.util.Arrays.equals(here, name)) {
        return i + name.length;
      }
    }
    throw new AssertionError("no note");
  }

  @Test
  void noSuchKernel() {
    refused(kernel(Path.of("/nowhere/vmlinux")), "/nowhere/vmlinux");
  }

  @Test
  void kernelIsNoElf() throws IOException {
    refused(kernel(Files.writeString(folder.resolve("text"), "hello\n".repeat(1000))), "text");
    refused(kernel(Files.write(folder.resolve("empty"), new byte[0])), "empty");
    refused(kernel(folder), folder.toString());
  }

  @Test
  void kernelForAnotherMachine() throws IOException {
    refused(kernel(broken("arm", elf -> elf.putShort(18, (short) 183))), "arm");
    refused(kernel(broken("elf32", elf -> elf.put(4, (byte) 1))), "elf32");
  }

  @Test
  void kernelWithoutOurNote() throws IOException {
    refused(kernel(broken("bare", elf -> elf.put(note(elf) - 8, (byte) 'X'))), "bare", "lodger kernel build");
    refused(kernel(Path.of("/bin/true")), "/bin/true");
  }

  @Test
  void kernelWithAnotherAbi() throws IOException {
    refused(kernel(broken("abi9", elf -> elf.putInt(note(elf), 9))), "abi9", "9");
  }

  @Test
  void kernelTruncated() throws IOException {
    byte[] all = Files.readAllBytes(GOOD_KERNEL);
    for (int length : new int[] {20, 64, 100, all.length / 4}) {
      refused(kernel(Files.write(folder.resolve("cut" + length), java.util.Arrays.copyOf(all, length))), "cut" + length);
    }
  }

  @Test
  void kernelOutsideOfMemory() throws IOException {
    int firstSegment = 64;
    refused(kernel(broken("low", elf -> elf.putLong(firstSegment + 16, 0x400000))), "low");
    refused(kernel(broken("high", elf -> elf.putLong(firstSegment + 16, 0x700080000000L))), "high");
    refused(kernel(broken("huge", elf -> elf.putLong(firstSegment + 40, -1L))), "huge");
  }

  @Test
  void memory() {
    for (String size : new String[] {"1M", "0", "-5", "lots", "99999999T", "4097G"}) {
      refused(Lodger.run("--mem", size).command("true"), size.startsWith("-") ? "5" : size);
    }
  }

  @Test
  void disks() throws IOException {
    refused(Lodger.run("--disk", "/nowhere/disk.img"), "/nowhere/disk.img");
    refused(Lodger.run("--disk", folder.toString()), folder.toString());
    Path odd = Disks.blank(folder, "odd.img", 1000);
    refused(Lodger.run("--disk", odd.toString()), "odd.img", "512");
    Path good = Disks.blank(folder, "good.img", 1 << 20);
    refused(Lodger.run("--disk", good + ",cache=sometimes"), "sometimes");
    refused(Lodger.run("--disk", good + ",colour=red"), "colour");
    refused(Lodger.run("--disk", good.toString(), "--disk", good.toString()), "good.img");
  }

  @Test
  void aDiskInUse() throws Exception {
    Path disk = Disks.blank(folder, "used.img", 1 << 20);
    Lodger.Running first =
        Lodger.run().disk(Disks.programs(), "ro").disk(disk).shell("echo up; sleep 60").start();
    first.expect("up", Duration.ofSeconds(60));
    refused(Lodger.run().disk(Disks.programs(), "ro").disk(disk).command("true"), "used.img");
    refused(Lodger.run().disk(Disks.programs(), "ro").disk(disk, "ro").command("true"), "used.img");
    first.process().destroyForcibly().waitFor();
    Host.gone("guest");
    assertEquals(0, Lodger.run().disk(Disks.programs(), "ro").disk(disk).command("true").finish().status());
  }

  @Test
  void options() {
    refused(Lodger.run("--memory", "1G"), "--memory", "--mem");
    refused(Lodger.run("--dsik", "x"), "--dsik", "--disk");
    refused(Lodger.run("--kernel"), "--kernel");
    refused(Lodger.run("--cpu", "first"), "first");
    refused(Lodger.run("--slots", "1"), "--slots 1", "two");
    refused(Lodger.of("rnu"), "rnu", "run");
  }

  @Test
  void networks() {
    for (String net :
        List.of(
            "", "pigeon", "user:x", "tap:", "tap:a/b", "link:", "user,mac=1:2", "user,mtu=9", "user,mtu=70000",
            "user,colour=red", "tap,publish=1:2", "user,publish=x", "link:" + "x".repeat(200))) {
      refused(Lodger.run("--net", net).command("true"));
    }
    refused(Lodger.run("--net", "none", "--net", "user").command("true"), "none");
    refused(Lodger.run("--net", "link:" + folder.resolve("l"), "--publish", "1:2").command("true"), "--publish");
    for (String port : List.of("", "80", "x:80", "0:80", "80:99999", "1.2.3.4.5:80:80", "8080:80/icmp")) {
      refused(Lodger.run("--publish", port).command("true"));
    }
  }

  @Test
  void initrd() {
    refused(Lodger.run("--initrd", "/nowhere/initrd"), "/nowhere/initrd");
  }

  @Test
  void commandLineTooLong() {
    refused(Lodger.run("--append", "x".repeat(5000)), "4096");
  }

  @Test
  void aSparseGiantKernelDoesNotFillMemory() throws IOException {
    Path giant = folder.resolve("giant");
    Files.copy(GOOD_KERNEL, giant);
    try (RandomAccessFile file = new RandomAccessFile(giant.toFile(), "rw")) {
      file.setLength(64L << 30);
      file.seek(64 + 32);
      file.writeLong(Long.reverseBytes(32L << 30)); // p_filesz of the first segment
      file.writeLong(Long.reverseBytes(32L << 30));
    }
    refused(kernel(giant), "giant");
  }
}
