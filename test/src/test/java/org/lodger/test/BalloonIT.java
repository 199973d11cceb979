// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Memory that a guest frees is the host's again. */
class BalloonIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final long MIB = 1 << 20;

  /** What the host keeps for the guest's memory file, which is descriptor 3 of its processes. */
  private static long hostBytes(String name) {
    long first = Host.guestProcesses(name).stream().min(Long::compare).orElseThrow();
    return 512 * Long.parseLong(Host.must("stat", "-L", "-c", "%b", "/proc/" + first + "/fd/3").strip());
  }

  @Test
  void freedMemoryGoesBackWithinTenSeconds() {
    String script =
        "mount -t tmpfs -o size=600m none /tmp && dd if=/dev/zero of=/tmp/f bs=1M count=512 2>/dev/null"
            + " && echo filled; read x; rm /tmp/f; echo freed; read x; dd if=/dev/urandom of=/tmp/f bs=1M"
            + " count=300 2>/dev/null; cp /tmp/f /tmp/g && cmp /tmp/f /tmp/g && rm /tmp/g /tmp/f && echo same";
    Lodger.Running running = Lodger.run("--mem", "1G", "--name", "balloon").shell(script).start();
    running.expect("filled", LIMIT);
    long full = hostBytes("balloon");
    assertTrue(full > 512 * MIB, full / MIB + " MiB");
    running.type("\n");
    running.expect("freed", LIMIT);
    long start = System.nanoTime();
    long now = hostBytes("balloon");
    while (now > full - 490 * MIB && System.nanoTime() - start < 10_000_000_000L) {
      Lodger.pause(100);
      now = hostBytes("balloon");
    }
    System.out.printf(
        "memory file: %d MiB, %.1f s after 512 MiB were freed %d MiB%n",
        full / MIB, (System.nanoTime() - start) / 1e9, now / MIB);
    assertTrue(now <= full - 490 * MIB, "from " + full / MIB + " to " + now / MIB + " MiB");
    running.type("\n");
    running.expect("same", LIMIT);
    assertEquals(0, running.await(LIMIT), running::toString);
  }
}
