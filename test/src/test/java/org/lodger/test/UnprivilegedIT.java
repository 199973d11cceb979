// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user without any privilege, who can gain none, can run guests. */
class UnprivilegedIT {
  @TempDir private Path folder;

  @Test
  void nobodyWithoutNewPrivileges() throws IOException {
    Assumptions.assumeTrue(Host.root(), "only root can become nobody");
    Host.Output output =
        Nobody.run(folder, Disks.programs(), "--", "sh", "-c", "/test/cow && echo passed");
    assertEquals("passed\n", output.text());
    assertEquals(0, output.status());
  }

  @Test
  void nobodyShares() throws IOException {
    Assumptions.assumeTrue(Host.root(), "only root can become nobody");
    Assumptions.assumeTrue(Host.has("diod") && Host.has("bwrap"), "diod or bubblewrap is missing");
    String[] nobody = {"setpriv", "--reuid=65534", "--clear-groups", "--no-new-privs"};
    Assumptions.assumeTrue(ShareIT.namespaces(nobody), "users have no namespaces here");
    Path shared = Files.createDirectory(folder.resolve("shared"));
    String script = "mount -t 9p -o trans=virtio s /mnt && echo x >/mnt/f && stat -c %u /mnt/f && cat /mnt/f";
    Host.Output output =
        Nobody.run(
            folder, Disks.programs(), "--share", "s=" + shared, "--", "sh", "-c", script);
    assertEquals("0\nx\n", output.text());
    assertEquals("65534", Host.must("stat", "-c", "%u", shared.resolve("f").toString()).strip());
  }

  @Test
  void noNewPrivilegesAlone() {
    Lodger.Result result =
        Lodger.run().under("setpriv", "--no-new-privs").command("echo", "passed").finish();
    assertEquals("passed\n", result.out(), result::toString);
  }
}
