// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How guests end, and that nothing stays behind. */
class LifeIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int PANIC = 3;

  @TempDir private Path folder;

  @Test
  void consoleToAShellAndOut() {
    Lodger.Running running = Lodger.run("--name", "console").start();
    running.expect("#", LIMIT);
    running.type("echo $((6 * 7)) && poweroff\n");
    running.expect("42", LIMIT);
    assertEquals(0, running.await(LIMIT), running::toString);
    assertTrue(Host.gone("console"), "processes are left");
  }

  /** What is there before the guest has a driver for its console waits for it. */
  @Test
  void aScriptAtOnce() {
    for (int i = 0; i < 8; i++) {
      Lodger.Result result = Lodger.run().stdin("echo $((6 * 7)); poweroff\n".getBytes()).within(LIMIT).finish();
      assertEquals(0, result.status(), result::toString);
      assertTrue(result.out().contains("42"), result::toString);
    }
  }

  @Test
  void panicKeepsItsLastLines() {
    Path blank = Disks.blank(folder, "blank.img", 1 << 20);
    Lodger.Result result = Lodger.run("--name", "panic").disk(blank).finish();
    assertEquals(PANIC, result.status(), result::toString);
    assertTrue((result.out() + result.err()).contains("Unable to mount root"), result::toString);
    assertTrue(Host.gone("panic"), "processes are left");
  }

  @Test
  void panicUnderACommand() {
    Lodger.Result result =
        Lodger.run().shell("echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger").finish();
    assertEquals(PANIC, result.status(), result::toString);
    assertTrue(result.err().contains("panic"), result::toString);
  }

  @Test
  void killedLauncherTakesTheGuestAlong() {
    Lodger.Running running =
        Lodger.run("--name", "killed").shell("for i in 1 2 3 4 5; do sleep 100 & done; echo up; wait").start();
    running.expect("up", LIMIT);
    assertFalse(Host.guestProcesses("killed").isEmpty());
    running.process().destroyForcibly();
    assertTrue(Host.gone("killed"), "processes are left");
  }

  @Test
  void terminatedLauncherEndsTheGuest() {
    Lodger.Running running = Lodger.run("--name", "terminated").start();
    running.expect("#", LIMIT);
    running.process().destroy();
    int status = running.await(LIMIT);
    assertTrue(status != 0, running::toString);
    assertTrue(Host.gone("terminated"), "processes are left");
  }

  @Test
  void killedKernelProcessIsReported() {
    Lodger.Running running = Lodger.run("--name", "shot").shell("echo up; sleep 100").start();
    running.expect("up", LIMIT);
    Host.must("kill", "-KILL", Long.toString(Host.kernelProcess("shot")));
    assertEquals(137, running.await(LIMIT), running::toString);
    assertTrue(Host.gone("shot"), "processes are left");
  }

  @Test
  void noFileIsLeft() {
    String list = "ls -A /dev/shm /tmp | grep -i lodger || true";
    String before = Host.must("bash", "-c", list);
    assertEquals(0, Lodger.run().command("true").finish().status());
    assertEquals(before, Host.must("bash", "-c", list));
  }

  @Test
  void twoGuestsAtOnce() {
    Lodger.Running one = Lodger.run("--name", "one").shell("echo up; read x; echo $x").start();
    Lodger.Running two = Lodger.run("--name", "two").shell("echo up; read x; echo $x").start();
    one.expect("up", LIMIT);
    two.expect("up", LIMIT);
    one.feed("first\n".getBytes());
    two.feed("second\n".getBytes());
    assertEquals(0, one.await(LIMIT));
    assertEquals(0, two.await(LIMIT));
    assertEquals("up\nfirst\n", new String(one.stdout()));
    assertEquals("up\nsecond\n", new String(two.stdout()));
  }
}
