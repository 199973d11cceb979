// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodger.launcher.console.GuestConsole;
import org.lodger.launcher.process.GuestEnd;
import org.lodger.launcher.process.Isolation;
import org.lodger.launcher.process.Programs;

/** Real guests, with a kernel of twenty lines. */
@Timeout(60)
class GuestTest {
  @TempDir static Path dir;

  private static Path kernel;

  private final ByteArrayOutputStream screen = new ByteArrayOutputStream();

  @BeforeAll
  static void compileKernel() throws IOException, InterruptedException {
    kernel = dir.resolve("tiny");
    List<String> command =
        List.of(
            "gcc",
            "-Os",
            "-ffreestanding",
            "-nostdlib",
            "-static",
            "-fPIE",
            "-no-pie",
            "-mno-red-zone",
            "-fcf-protection=none",
            "-fno-stack-protector",
            "-I../hypercall/include",
            "-Wl,-T,src/test/native/tiny.lds",
            "-Wl,--build-id=none",
            "-o",
            kernel.toString(),
            "src/test/native/tiny.c");
    assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor());
  }

  private static final Programs PROGRAMS = new Programs(Isolation.PROCESS, true, Programs.MANY);

  private interface Meddler {
    void meddle(Guest guest) throws InterruptedException;
  }

  private GuestEnd run(String wish, boolean restarts, Meddler meddler) throws InterruptedException {
    Guest.Plan plan = new Guest.Plan("test", kernel, 32 << 20, new byte[0], wish, "any", PROGRAMS, restarts);
    Guest guest = new Guest(plan, Log.open(null, false));
    GuestConsole console = new GuestConsole(screen, false);
    Thread other =
        new Thread(
            () -> {
              try {
                meddler.meddle(guest);
              } catch (InterruptedException e) {
                guest.kill();
              }
            });
    other.start();
    GuestEnd end = guest.run(console.early());
    other.join();
    guest.close();
    console.close();
    return end;
  }

  private GuestEnd run(String wish) throws InterruptedException {
    return run(wish, true, guest -> {});
  }

  private String shown() {
    return screen.toString();
  }

  @Test
  void powersOff() throws InterruptedException {
    GuestEnd end = run("off");
    assertTrue(end.powerOff());
    assertEquals(0, end.exitStatus());
    assertEquals("clean\n", shown());
  }

  @Test
  void panics() throws InterruptedException {
    GuestEnd end = run("panic");
    assertTrue(end.panic());
    assertEquals(3, end.exitStatus());
  }

  @Test
  void aRebootStartsItAgainWithCleanMemory() throws InterruptedException {
    GuestEnd end =
        run(
            "reboot",
            true,
            guest -> {
              while (shown().length() < 3 * "clean\n".length()) {
                Thread.sleep(10);
              }
              guest.kill();
            });
    assertTrue(end.killed());
    assertFalse(shown().contains("dirty"), shown());
  }

  @Test
  void aRebootMayBeTheEnd() throws InterruptedException {
    assertTrue(run("reboot", false, guest -> {}).reboot());
    assertEquals("clean\n", shown());
  }

  @Test
  void canBeKilled() throws InterruptedException {
    GuestEnd end =
        run(
            "sleep",
            true,
            guest -> {
              while (shown().isEmpty()) {
                Thread.sleep(10);
              }
              guest.kill();
            });
    assertEquals(137, end.exitStatus());
  }

  @Test
  void aKernelThatBreaksDownEndsTheGuest() throws InterruptedException {
    GuestEnd end = run("trap");
    assertFalse(end.powerOff());
    assertFalse(end.reboot());
    assertTrue(end.exitStatus() != 0);
  }
}
