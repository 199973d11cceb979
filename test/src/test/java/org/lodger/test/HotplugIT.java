// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks and network cards come and go while the guest runs. */
class HotplugIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir private Path folder;
  private Lodger.Running running;

  @AfterEach
  void end() {
    if (running != null) {
      Lodger.of("kill", "plug").finish();
      running.await(LIMIT);
      assertTrue(Host.gone("plug"), "processes are left");
    }
  }

  /** A guest that runs what it is told, line by line, and says so. */
  private void start() {
    running = Lodger.run("--name", "plug").shell("echo up; while read l; do eval \"$l\"; done").start();
    running.expect("up\n", LIMIT);
  }

  private void tell(String line, String answer) {
    running.type(line + "\n");
    running.expect(answer, LIMIT);
  }

  private static String must(String... words) {
    Lodger.Result result = Lodger.of(words).finish();
    assertEquals(0, result.status(), result::toString);
    return result.out().strip();
  }

  private static void awaitGone(Lodger.Running running, String device, String mark) {
    running.type("while test -e /dev/" + device + "; do sleep 0.1; done; echo " + mark + "\n");
    running.expect(mark + "\n", LIMIT);
  }

  @Test
  void aDiskComesIsWrittenAndGoes() {
    Path disk = Disks.blank(folder, "more.img", 32 << 20);
    start();
    assertEquals("vdb", must("disk", "add", "plug", disk + ",serial=more"));
    tell("cat /sys/block/vdb/serial", "more");
    tell("mke2fs -q /dev/vdb >/dev/null && mount /dev/vdb /mnt && echo kept >/mnt/f && umount /mnt && echo written", "written\n");
    must("disk", "remove", "plug", "vdb");
    awaitGone(running, "vdb", "gone");
    assertEquals("[]", disksAfterRoot());
    assertEquals("vdb", must("disk", "add", "plug", disk + ",ro"));
    tell("mount -o ro /dev/vdb /mnt && cat /mnt/f && umount /mnt", "kept\n");
    must("disk", "remove", "plug", "vdb");
  }

  private static String disksAfterRoot() {
    String disks = new Control("plug").get("/v1/disks").body();
    return disks.contains("vdb") ? disks : "[]";
  }

  /** What was written to a file system that is still mounted is on the disk. */
  @Test
  void aBusyDiskGoesWithoutLoss() {
    Path disk = Disks.blank(folder, "busy.img", 32 << 20);
    start();
    must("disk", "add", "plug", disk.toString());
    tell("mke2fs -q /dev/vdb >/dev/null && mount /dev/vdb /mnt && echo kept >/mnt/f && echo dirty", "dirty\n");
    must("disk", "remove", "plug", "vdb");
    tell("echo late 2>/dev/null >/mnt/g || echo refused", "refused\n");
    tell("umount -l /mnt; echo still alive", "still alive\n");
    Lodger.Result after = Lodger.run().disk(Disks.programs(), "ro").disk(disk, "ro").shell("mount -o ro /dev/vdb /mnt && cat /mnt/f").finish();
    assertEquals("kept\n", after.out(), after::toString);
  }

  @Test
  void comesAndGoesManyTimes() {
    Path disk = Disks.blank(folder, "often.img", 1 << 20);
    start();
    Control control = new Control("plug");
    for (int i = 0; i < 40; i++) {
      Control.Answer added = control.ask("POST", "/v1/disks", "{\"file\":\"" + disk + "\"}");
      assertEquals(201, added.status(), added::toString);
      assertTrue(added.body().contains("true"), added::toString);
      Control.Answer removed = control.ask("DELETE", "/v1/disks/vdb", "");
      assertEquals(204, removed.status(), removed::toString);
    }
    tell("echo alive", "alive\n");
  }

  @Test
  void refusals() {
    start();
    Control control = new Control("plug");
    assertEquals(400, control.ask("POST", "/v1/disks", "{\"file\":\"relative\"}").status());
    assertEquals(400, control.ask("POST", "/v1/disks", "{\"file\":\"/nonexistent\"}").status());
    assertEquals(400, control.ask("POST", "/v1/disks", "{}").status());
    assertEquals(400, control.ask("POST", "/v1/networks", "{\"net\":\"carrier-pigeon\"}").status());
    assertEquals(404, control.ask("DELETE", "/v1/disks/vdz", "").status());
    Path disk = Disks.blank(folder, "one.img", 1 << 20);
    String body = "{\"file\":\"" + disk + "\"}";
    assertEquals(201, control.ask("POST", "/v1/disks", body).status());
    assertEquals(400, control.ask("POST", "/v1/disks", body).status(), "the same disk twice");
    control.post("/v1/pause");
    assertEquals(409, control.ask("DELETE", "/v1/disks/vdb", "").status());
    control.post("/v1/resume");
    assertEquals(204, control.ask("DELETE", "/v1/disks/vdb", "").status());
    assertTrue(!control.get("/v1/guest").body().contains("one.img"));
  }

  @Test
  void aNetworkCardComesAndGoes() {
    start();
    String link = "link:" + folder.resolve("segment");
    String card = must("net", "add", "plug", link);
    tell("ls /sys/class/net", card);
    must("net", "remove", "plug", card);
    tell("test -e /sys/class/net/" + card + " || echo no card", "no card\n");
  }
}
