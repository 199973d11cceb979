// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Debian disk with systemd. Slow: it is made by mmdebstrap from the machine's own mirror. */
@Tag("slow")
class DebianIT {
  private static final Duration LIMIT = Duration.ofMinutes(5);

  @TempDir private Path folder;

  @Test
  void reachesItsLoginPrompt() {
    Assumptions.assumeTrue(Host.has("mmdebstrap"), "mmdebstrap is missing");
    Path disk = folder.resolve("debian.img");
    Lodger.Result made =
        Lodger.of("image", "debian", disk.toString()).within(Duration.ofMinutes(15)).finish();
    assertEquals(0, made.status(), made::toString);

    Lodger.Running running = Lodger.run("--mem", "1G", "--name", "debian").disk(disk).start();
    running.expect("login:", LIMIT);
    running.type("root\n");
    running.expect("# ", LIMIT);
    running.type("systemctl is-system-running --wait; systemctl --failed --no-legend; echo end-of-list\n");
    running.expect("end-of-list\r\n", LIMIT);
    String console = new String(running.stdout());
    assertTrue(console.matches("(?s).*\\b(running|degraded)\\b.*"), console);
    if (Host.has("passt")) {
      running.type("/lib/systemd/systemd-networkd-wait-online --timeout=60; ip -o -4 addr show eth0\n");
      running.expect(" 10.0.2.15/24 ", LIMIT);
      running.type("resolvectl --no-pager dns eth0; echo end-of-\"servers\"\n");
      running.expect("end-of-servers\r\n", LIMIT);
      console = new String(running.stdout());
      assertTrue(console.matches("(?s).*Link 2 \\(eth0\\)[^\n]*: [0-9a-f].*"), console);
    }
    running.type("poweroff\n");
    assertEquals(0, running.await(LIMIT), running::toString);
    Host.Output check = Host.call("e2fsck", "-fn", disk.toString());
    assertEquals(0, check.status(), check::text);
  }
}
