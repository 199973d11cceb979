// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest kernel that attacks the host: see test/guest/hostile-kernel. */
class HostileKernelIT {
  private static final Path KERNEL = Lodger.WORK.resolve("hostile.elf");
  private static final int PANIC = 3;

  @TempDir private Path folder;
  private Process canary;
  private Path trap;

  @BeforeEach
  void startCanary() throws IOException {
    canary = new ProcessBuilder("sleep", "300").start();
    trap = folder.resolve("canary");
  }

  @AfterEach
  void stopCanary() {
    canary.destroyForcibly();
  }

  private Lodger guest(String attack) {
    return Lodger.run("--kernel", KERNEL.toString(), "--mem", "64M", "--name", "hostile-" + attack)
        .with("--append", "attack=" + attack + " pid=" + canary.pid() + " path=" + trap)
        .within(Duration.ofSeconds(30));
  }

  private static String said(Lodger.Result result) {
    return result.out() + result.err();
  }

  private Lodger.Result attack(String attack) {
    Lodger.Result result = guest(attack).finish();
    assertTrue(said(result).contains("trying " + attack), result::toString);
    assertTrue(canary.isAlive(), "the canary died");
    assertTrue(Host.gone("hostile-" + attack), "processes are left");
    return result;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "open", "openat", "openat2", "socket", "fork", "clone", "execve", "kill", "tkill", "tgkill",
        "sigqueue", "pidfd_open", "ptrace", "vm_read", "mmap_control", "mmap_slots", "mprotect",
        "memfd", "truncate", "read", "write_stdout", "dup", "tiocsti", "prctl", "seccomp",
        "setrlimit", "unshare", "io_uring", "userfaultfd", "bpf", "unlink", "chmod", "sigaction",
        "sigprocmask", "sched", "int80", "x32", "answer_elsewhere", "answer_beside", "answer_map",
        "answer_map_around", "answer_map_wrap", "answer_unmap", "answer_unmap_all", "answer_protect",
        "answer_write"
      })
  void systemCallIsDenied(String attack) throws IOException {
    Files.writeString(trap, "untouched");
    var before = Files.getPosixFilePermissions(trap);
    Lodger.Result result = attack(attack);
    Matcher returned = Pattern.compile(attack + " returned (-?\\d+)").matcher(said(result));
    if (returned.find()) {
      assertTrue(Long.parseLong(returned.group(1)) < 0, result::toString);
    } else {
      assertTrue(result.status() > 128, result::toString);
    }
    assertFalse(result.out().contains("forged"), result::toString);
    assertEquals("untouched", Files.readString(trap));
    assertEquals(before, Files.getPosixFilePermissions(trap));
  }

  @Test
  void noFileAppears() {
    attack("open");
    assertFalse(Files.exists(trap));
  }

  @ParameterizedTest
  @ValueSource(strings = {"map_over_stub", "wild_spaces", "wild_kernel_map"})
  void wildArgumentsAreRefused(String attack) {
    Lodger.Result result = attack(attack);
    Matcher returned = Pattern.compile(attack + " returned (-?\\d+)").matcher(said(result));
    assertTrue(!returned.find() || returned.group(1).startsWith("-"), result::toString);
    assertFalse(said(result).contains("did not fault"), result::toString);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "wild_user", "noise", "odd_status", "fault", "fault_in_stack", "scribble", "pidfd_signal",
        "flood"
      })
  void onlyTheGuestIsHarmed(String attack) {
    Lodger.Result result = attack(attack);
    assertFalse(result.err().contains("Exception"), result::toString);
    assertFalse(result.err().contains("\tat "), result::toString);
  }

  /** Who could write there could have the host carry out a program's system calls. */
  @Test
  void flagsOfAnAnswerStayZero() {
    Lodger.Result result = attack("answer_flags");
    assertFalse(said(result).contains("returned"), result::toString);
    assertTrue(result.err().contains("faulted"), result::toString);
  }

  @Test
  void panicIsReported() {
    assertEquals(PANIC, attack("panic").status());
  }

  @Test
  void spinningKernelDiesWithItsLauncher() {
    Lodger.Running running = guest("spin").start();
    running.expect("trying spin", Duration.ofSeconds(30));
    assertFalse(Host.guestProcesses("hostile-spin").isEmpty());
    running.process().destroyForcibly();
    assertTrue(Host.gone("hostile-spin"), "processes are left");
  }
}
