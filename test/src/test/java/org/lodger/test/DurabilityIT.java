// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the guest has synced is on the disk, however the guest ends. */
class DurabilityIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir private Path folder;

  private static Lodger guest(Path data, String... attributes) {
    return Lodger.run("--name", "durable").disk(Disks.programs(), "ro").disk(data, attributes);
  }

  /** Numbered files, each complete and synced before its number is said. */
  private static final String WRITER =
      "mount -t ext4 /dev/vdb /mnt || exit 1; i=0; while :; do i=$((i + 1));"
          + " yes \"file $i\" | head -c 50000 > /mnt/$i.tmp; mv /mnt/$i.tmp /mnt/$i;"
          + " sync; echo \"synced $i.\"; done";

  private static int lastSynced(Lodger.Running running) {
    Matcher matcher = Pattern.compile("synced (\\d+)\\.").matcher(new String(running.stdout()));
    int last = 0;
    while (matcher.find()) {
      last = Integer.parseInt(matcher.group(1));
    }
    return last;
  }

  private static void verify(Path data, int last) {
    Host.Output check = Host.call("e2fsck", "-fn", data.toString());
    assertEquals(0, check.status(), check::text);
    for (int i = 1; i <= last; i++) {
      String content = Host.must("debugfs", "-R", "cat /" + i, data.toString());
      String want = ("file " + i + "\n").repeat(50000).substring(0, 50000);
      assertTrue(content.endsWith(want), "file " + i + " of " + last + " is not what was synced");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "writeback", "writethrough"})
  void killedLauncher(String cache) throws Exception {
    Path data = Disks.ext4(folder, "data.img", 64 << 20);
    Lodger.Running running = guest(data, "cache=" + cache).shell(WRITER).start();
    running.expect("synced 20.", LIMIT);
    running.process().destroyForcibly().waitFor();
    assertTrue(Host.gone("durable"), "processes are left");
    int last = lastSynced(running);

    // The journal is replayed by a guest, as after any crash; then nothing may be wrong.
    Lodger.Result replay = guest(data).shell("mount -t ext4 /dev/vdb /mnt && umount /mnt").finish();
    assertEquals(0, replay.status(), replay::toString);
    verify(data, last);
  }

  @Test
  void powerOff() {
    Path data = Disks.ext4(folder, "data.img", 64 << 20);
    Lodger.Result result =
        guest(data)
            .shell(
                "mount -t ext4 /dev/vdb /mnt || exit 1; for i in 1 2 3 4 5; do"
                    + " yes \"file $i\" | head -c 50000 > /mnt/$i; done; umount /mnt")
            .finish();
    assertEquals(0, result.status(), result::toString);
    verify(data, 5);
  }

  /** The root disk itself, written without a sync: the agent makes it clean before power-off. */
  @Test
  void rootDiskAfterACommand() {
    Path root = folder.resolve("root.img");
    Host.must("cp", "--sparse=always", Disks.programs().toString(), root.toString());
    assertEquals(
        0, Lodger.run().disk(root).shell("yes \"file 1\" | head -c 50000 > /1").finish().status());
    verify(root, 1);
  }
}
