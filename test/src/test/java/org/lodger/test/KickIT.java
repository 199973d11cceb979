// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * The signal that stops user code for an interrupt, sent from outside far more often than a device
 * would, so that it arrives at every instruction of the stub and while the one before is being
 * handled. Programs keep their lives and their results.
 */
class KickIT {
  /**
   * Some ten thousand a second: more than the stub can handle fill its stack. The processes come and
   * go; one that begins has no handler yet.
   */
  private static final String KICK =
      "while :; do pids=$(grep -ls '^user:kicked' /proc/[0-9]*/comm | cut -d/ -f3); sleep 0.1;"
          + " for ((n = 0; n < 2000; n++)); do kill -USR1 $pids;"
          + " for ((w = 10 + RANDOM % 40; w > 0; w--)); do :; done; done 2>/dev/null; done";

  private static final String WORK =
      "for n in 1 2 3 4 5 6 7 8; do /test/calls && dd if=/dev/zero bs=1 count=20000 2>/dev/null | wc -c;"
          + " done; dmesg | grep gone; echo end";

  @Test
  void programsDoNotNotice() throws IOException, InterruptedException {
    Process kicker = new ProcessBuilder("bash", "-c", KICK).start();
    try {
      Lodger.Result result =
          Lodger.run("--isolation", "process", "--name", "kicked", "--mem", "512M")
              .disk(Disks.programs())
              .within(Duration.ofMinutes(2))
              .shell(WORK)
              .finish();
      assertEquals("20000\n".repeat(8) + "end\n", result.out(), result::toString);
    } finally {
      kicker.destroy();
      kicker.waitFor();
    }
  }
}
