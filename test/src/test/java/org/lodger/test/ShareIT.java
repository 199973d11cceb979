// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories of the host in a guest, by a real file server. */
class ShareIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String MOUNT = "mount -t 9p -o trans=virtio,version=9p2000.L ";
  private static final String SUMS = "find . -type f -exec sha256sum {} + | LC_ALL=C sort";

  @TempDir private Path folder;
  private Path shared;

  /** Can a process be shut in here, if it starts under these words? */
  static boolean namespaces(String... under) {
    List<String> line = new ArrayList<>(List.of(under));
    line.addAll(List.of("bwrap", "--unshare-all", "--unshare-user", "--ro-bind", "/", "/", "true"));
    return Host.call(line.toArray(String[]::new)).status() == 0;
  }

  @BeforeEach
  void prepare() throws IOException {
    Assumptions.assumeTrue(Host.has("diod"), "diod is missing");
    Assumptions.assumeTrue(Host.has("bwrap"), "bubblewrap is missing");
    Assumptions.assumeTrue(namespaces(), "this host allows no user namespaces");
    shared = Files.createDirectory(folder.resolve("shared"));
  }

  private static Lodger.Result mounted(Path folder, String script) {
    return Lodger.run("--share", "s=" + folder).shell("set -e; " + MOUNT + "s /mnt; cd /mnt; " + script).finish();
  }

  private static void good(Lodger.Result result) {
    assertEquals(0, result.status(), result::toString);
    assertEquals("", result.err(), result::toString);
  }

  @Test
  void tenThousandFilesBothWays() throws IOException {
    Random random = new Random(1);
    for (int i = 0; i < 100; i++) {
      Path sub = Files.createDirectories(shared.resolve("there/d" + i + "/deeper"));
      for (int j = 0; j < 100; j++) {
        byte[] content = new byte[new int[] {0, 17, 4096, 20_000, 100}[j % 5]];
        random.nextBytes(content);
        Files.write((j % 2 == 0 ? sub : sub.getParent()).resolve("file " + j), content);
      }
    }
    String script =
        MOUNT + "s /mnt && mount -t tmpfs -o size=400m none /tmp && cp -a /mnt/there /tmp/copy"
            + " && cp -a /tmp/copy /mnt/back && cd /tmp/copy && " + SUMS;
    Lodger.Result result =
        Lodger.run("--mem", "1G", "--share", "s=" + shared)
            .within(Duration.ofMinutes(5))
            .shell(script)
            .finish();
    good(result);
    System.out.println("10,000 files to the guest and back: " + result.took().toMillis() + " ms");
    for (String tree : List.of("there", "back")) {
      String sums = Host.must("bash", "-c", "cd '" + shared.resolve(tree) + "' && " + SUMS);
      assertEquals(10_000, sums.lines().count());
      assertEquals(sums, result.out(), tree);
    }
  }

  @Test
  void filesBehaveAsFiles() {
    good(
        mounted(
            shared,
            "mkdir a; echo 1 >a/f; mv a b; test $(cat b/f) = 1; echo 2 >>b/f; test $(wc -l <b/f) = 2;"
                + " ln -s b/f link; test $(readlink link) = b/f; grep -q 2 link; ln b/f hard;"
                + " test $(stat -c %h hard) = 2; chmod 750 b; test $(stat -c %a b) = 750;"
                + " chown 0:0 b/f; test $(stat -c %u:%g b/f) = 0:0; ! chown 1000 b/f 2>/dev/null;"
                + " dd if=/dev/zero of=big bs=1M count=40 2>/dev/null; test $(stat -c %s big) = 41943040;"
                + " cp big copy; cmp big copy; rm -r b big copy; test ! -e b; cd /; umount /mnt;"
                + MOUNT + "s /mnt; test -e /mnt/hard"));
    assertTrue(Files.exists(shared.resolve("hard")));
  }

  @Test
  void severalAndReadOnly() throws IOException {
    Path other = Files.createDirectory(folder.resolve("o,ther"));
    Files.writeString(other.resolve("f"), "content");
    String script =
        "mkdir /a; " + MOUNT + "a /a && " + MOUNT + "b /mnt && cp /mnt/f /a && echo x >/mnt/f; echo $?; "
            + "rm /mnt/f; echo $?; cat /mnt/f";
    Lodger.Result result =
        Lodger.run("--share", "a=" + shared, "--share", "b=" + other.toString().replace(",", ",,") + ",ro")
            .shell(script)
            .finish();
    assertEquals("1\n1\ncontent", result.out(), result::toString);
    assertTrue(result.err().contains("Read-only file system"), result::toString);
    assertEquals("content", Files.readString(shared.resolve("f")));
  }

  @Test
  void linksThatLeadOut() throws IOException {
    Path secret = Files.writeString(folder.resolve("secret"), "secret");
    Files.createSymbolicLink(shared.resolve("up"), Path.of("../secret"));
    Files.createSymbolicLink(shared.resolve("file"), secret);
    Files.createSymbolicLink(shared.resolve("dir"), folder);
    Lodger.Result result =
        Lodger.run("--share", "s=" + shared)
            .shell(MOUNT + "s /mnt; cat /mnt/up /mnt/file /mnt/dir/secret /mnt/../secret; ls /mnt")
            .finish();
    assertEquals("dir\nfile\nup\n", result.out(), result::toString);
  }

  @Test
  void theServerDies() {
    Lodger.Running running =
        Lodger.run("--name", "bereft", "--share", "s=" + shared)
            .shell(
                MOUNT + "s /mnt; echo before >/mnt/f; echo up; read x; cat /mnt/f; echo >/mnt/g; umount /mnt;"
                    + MOUNT + "s /mnt && cat /mnt/f && echo alive")
            .start();
    running.expect("up", LIMIT);
    Host.must("pkill", "-KILL", "-f", "^/lodger:bereft:share-s ");
    running.type("\n");
    assertEquals(0, running.await(LIMIT), running::toString);
    assertEquals("up\nbefore\nalive\n", new String(running.stdout()), running::toString);
    String err = new String(running.stderr());
    assertTrue(err.contains("can't open '/mnt/f': Input/output error"), running::toString);
    assertEquals(1, err.lines().filter(line -> line.contains("lodger:")).count(), running::toString);
    assertTrue(err.contains("share s: the file server ended"), running::toString);
  }

  private static boolean servers(String guest) {
    return Host.call("pgrep", "-f", "[l]odger:" + guest + ":share").status() == 0;
  }

  @Test
  void nothingStaysBehind() {
    Lodger.Running running =
        Lodger.run("--name", "sharer", "--share", "s=" + shared).shell("echo up; sleep 100").start();
    running.expect("up", LIMIT);
    assertTrue(servers("sharer"), "lists of processes name it");
    running.process().destroyForcibly();
    for (int i = 0; i < 500 && servers("sharer"); i++) {
      Lodger.pause(10);
    }
    assertFalse(servers("sharer"));
  }

  @Test
  void wrongOptions() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    List<List<String>> wrong =
        List.of(
            List.of(""), List.of("x"), List.of("=" + shared), List.of("a b=" + shared), List.of("t="),
            List.of("t=/nowhere"), List.of("t=" + file), List.of("t=" + shared + ",rw"),
            List.of("t=" + shared, "t=" + shared));
    for (List<String> options : wrong) {
      Lodger run = Lodger.run();
      options.forEach(option -> run.with("--share", option));
      Lodger.Result result = run.command("true").finish();
      assertEquals(2, result.status(), result::toString);
      assertEquals(1, result.err().lines().count(), result::toString);
      assertTrue(result.err().contains("--share"), result::toString);
    }
  }

  /** Without its file server: one line says which package, and no guest starts. */
  @Test
  void noServer() {
    Lodger.Result result =
        Lodger.run("--share", "s=" + shared)
            .command("true")
            .under("bwrap", "--dev-bind", "/", "/", "--ro-bind", "/dev/null", Host.must("which", "diod").strip())
            .finish();
    assertEquals(2, result.status(), result::toString);
    assertTrue(result.err().contains("apt-get install diod"), result::toString);
  }

  @Test
  @Tag("slow")
  void gitAndABuild() throws IOException {
    Assumptions.assumeTrue(Host.has("mmdebstrap"), "mmdebstrap is missing");
    Path disk = folder.resolve("debian.img");
    Lodger.Result made =
        Lodger.of("image", "debian", disk.toString(), "--include=git,gcc,libc6-dev,make")
            .within(Duration.ofMinutes(15))
            .finish();
    assertEquals(0, made.status(), made::toString);
    Files.copy(Lodger.HOME.resolve("test/guest/share-git"), shared.resolve("share-git"));
    Lodger.Result result =
        Lodger.run("--mem", "1G", "--share", "s=" + shared)
            .disk(disk)
            .within(Duration.ofMinutes(5))
            .shell(MOUNT + "s /mnt; sh /mnt/share-git /mnt")
            .finish();
    assertEquals(0, result.status(), result::toString);
    assertEquals("1830\n", result.out(), result::toString);
    Host.must("git", "-C", shared.resolve("repository").toString(), "fsck", "--strict");
  }
}
