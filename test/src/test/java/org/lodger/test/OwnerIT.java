// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** What an owner does with guests that run: list, attach, pause, stop, and so on. */
class OwnerIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String BUSY = "echo up; while :; do :; done";

  private final List<String> started = new ArrayList<>();

  @AfterEach
  void nothingStays() {
    for (String name : started) {
      Lodger.of("kill", name).finish();
      assertTrue(Host.gone(name), () -> "processes of " + name + " are left");
    }
    for (int i = 0; i < 100 && !socketsAndLocks().isEmpty(); i++) {
      Lodger.pause(50);
    }
    assertEquals(List.of(), socketsAndLocks());
  }

  private List<Path> socketsAndLocks() {
    return started.stream()
        .flatMap(name -> Stream.of(file(name + ".sock"), file(name + ".lock")))
        .filter(Files::exists)
        .toList();
  }

  private static Lodger.Result must(String... words) {
    Lodger.Result result = Lodger.of(words).finish();
    assertEquals(0, result.status(), () -> String.join(" ", words) + ": " + result);
    return result;
  }

  private void detach(String name, String... command) {
    Lodger lodger = Lodger.run("--detach", "--name", name);
    started.add(name);
    Lodger.Result result = (command.length == 0 ? lodger : lodger.command(command)).finish();
    assertEquals(0, result.status(), result::toString);
    assertEquals(name + "\n", result.out(), result::toString);
  }

  private static void awaitLog(String name, String text) {
    for (int i = 0; i < 300; i++) {
      if (must("logs", name).out().contains(text)) {
        return;
      }
      Lodger.pause(100);
    }
    throw new AssertionError("no '" + text + "' in the log: " + must("logs", name));
  }

  private static Path file(String name) {
    return Lodger.RUNTIME.resolve("lodger").resolve(name);
  }

  @Test
  void aDetachedGuestIsListedAndStops() {
    detach("apart");
    awaitLog("apart", "Leave with exit");
    Lodger.Result list = must("ps");
    assertTrue(list.out().lines().anyMatch(l -> l.matches("apart +\\d+ running +512M.*")), list::toString);
    must("stop", "apart");
    assertTrue(Host.gone("apart"), "processes are left");
    assertEquals(0, Lodger.of("wait", "apart").finish().status());
    awaitLog("apart", "poweroff");
    assertFalse(must("ps").out().contains("apart"));
  }

  @Test
  void aDetachedCommandLeavesItsStatusAndItsWords() {
    detach("words", "sh", "-c", "echo said; echo complained >&2; exit 7");
    assertEquals(7, Lodger.of("wait", "words").finish().status());
    Lodger.Result log = must("logs", "words");
    assertTrue(log.out().contains("said\n") && log.out().contains("complained\n"), log::toString);
    assertEquals(7, Lodger.of("wait", "words").finish().status());
  }

  @Test
  void aLogIsFollowedToItsEnd() {
    detach("talks", "sh", "-c", "for i in 1 2 3 4 5; do echo line $i; sleep 0.3; done; exit 7");
    Lodger.Result log = must("logs", "--follow", "talks");
    String lines = "line 1\nline 2\nline 3\nline 4\nline 5\n";
    assertTrue(log.out().endsWith(lines), log::toString);
    assertEquals(7, Lodger.of("wait", "talks").finish().status());
    assertEquals(log.out(), must("logs", "-f", "talks").out(), "of a guest that has ended");
  }

  @Test
  void stopEndsACommandBySigterm() {
    detach("polite", "sh", "-c", "trap 'echo asked; exit 9' TERM; echo up; while :; do sleep 0.1; done");
    awaitLog("polite", "up");
    must("stop", "polite");
    assertEquals(9, Lodger.of("wait", "polite").finish().status());
    awaitLog("polite", "asked");
  }

  @Test
  void stopEndsOneThatDoesNotListen() {
    detach("deaf", "sh", "-c", "trap '' TERM; echo up; while :; do sleep 1; done");
    awaitLog("deaf", "up");
    Lodger.Result stop = must("stop", "--timeout", "1", "deaf");
    assertTrue(stop.err().contains("does not power off"), stop::toString);
    assertEquals(137, Lodger.of("wait", "deaf").finish().status());
  }

  @Test
  void aPausedGuestUsesNoProcessor() throws IOException {
    detach("still", "sh", "-c", BUSY);
    awaitLog("still", "up");
    Control control = new Control("still");
    assertEquals(204, control.post("/v1/pause").status());
    assertTrue(control.get("/v1/guest").body().contains("\"paused\""));
    assertEquals(409, control.post("/v1/pause").status());
    long before = Host.ticks("still");
    Lodger.pause(1500);
    assertEquals(before, Host.ticks("still"), "ticks of a paused guest");
    must("resume", "still");
    Lodger.pause(3000);
    assertTrue(Host.ticks("still") > before, "it does not go on");
    assertEquals(409, control.post("/v1/resume").status());
    must("pause", "still");
    must("kill", "still");
    assertEquals(137, Lodger.of("wait", "still").finish().status());
  }

  @Test
  void pausesAndResumesUnderLoad() {
    Lodger.Running running =
        Lodger.run("--name", "often")
            .shell("for i in 1 2 3; do (while :; do /bin/true; done) & done; read x; kill %1 %2 %3; echo passed")
            .start();
    started.add("often");
    Control control = new Control("often");
    for (int i = 0; i < 500 && !Files.exists(control.socket()); i++) {
      Lodger.pause(20);
    }
    int paused = 0;
    for (int i = 0; i < 100; i++) {
      paused += control.post("/v1/pause").status() == 204 ? 1 : 0;
      control.post("/v1/resume");
      Lodger.pause(10);
    }
    assertTrue(paused > 50, "paused " + paused + " times");
    running.type("go\n");
    running.expect("passed", LIMIT);
    assertEquals(0, running.await(LIMIT), running::toString);
  }

  /** Monotonic time never goes back; the time of day is the host's. */
  @Test
  void clocksFollowTheHost() {
    Lodger.Running running =
        Lodger.run("--name", "clock")
            .shell("while read x; do echo \"$x $(cut -d. -f1 /proc/uptime) $(date +%s) .\"; done")
            .start();
    started.add("clock");
    long[] first = clocks(running, "first");
    must("pause", "clock");
    Lodger.pause(4000);
    must("resume", "clock");
    long[] second = clocks(running, "second");
    long now = System.currentTimeMillis() / 1000;
    assertTrue(Math.abs(now - second[1]) <= 2, "time of day " + second[1] + ", here " + now);
    assertTrue(second[0] >= first[0] + 4, "monotonic " + first[0] + " then " + second[0]);
    must("kill", "clock");
  }

  /** A program that reads the clock all the while sees a pause as one jump forward. */
  @Test
  void clocksOfProgramsJumpOverAPause() {
    Lodger.Running running =
        Lodger.run("--name", "jump").disk(Disks.programs()).command("/test/vdso", "watch", "8").start();
    started.add("jump");
    running.expect("watching", LIMIT);
    must("pause", "jump");
    Lodger.pause(3000);
    must("resume", "jump");
    assertEquals(0, running.await(LIMIT), running::toString);
    Matcher jump =
        Pattern.compile("jumped by (\\d+) ms")
            .matcher(new String(running.stdout(), StandardCharsets.UTF_8));
    assertTrue(jump.find() && Long.parseLong(jump.group(1)) >= 3000, running::toString);
  }

  private static long[] clocks(Lodger.Running running, String word) {
    running.type(word + "\n");
    running.expect(word, LIMIT);
    running.expect(" .\n", LIMIT);
    Lodger.pause(200);
    String out = new String(running.stdout(), StandardCharsets.UTF_8);
    String[] line = out.substring(out.indexOf(word)).lines().findFirst().orElseThrow().split(" ");
    return new long[] {Long.parseLong(line[1]), Long.parseLong(line[2])};
  }

  @Test
  void consoleIsAttachedAndLeft() {
    Assumptions.assumeTrue(Host.has("script"), "no program script (package bsdutils)");
    detach("desk");
    awaitLog("desk", "#");
    String console = Lodger.HOME.resolve("lodger") + " console desk";
    Lodger.Running running =
        Lodger.of().under("script", "-qec", console, "/dev/null").startAlone();
    Lodger.pause(1500);
    running.type("echo $((6 * 7))\r");
    running.expect("42", LIMIT);
    running.type("stty size\r");
    running.type("\001x");
    assertEquals(0, running.await(LIMIT), running::toString);
    assertTrue(must("ps").out().contains("desk"), "the guest ended, too");
  }

  @Test
  void aNameIsUsedOnce() {
    detach("only");
    Lodger.Result second = Lodger.run("--name", "only").finish();
    assertEquals(2, second.status(), second::toString);
    assertEquals(1, second.err().lines().count(), second::toString);
    assertTrue(second.err().contains("only runs already"), second::toString);
    assertTrue(must("ps").out().contains("only"));
  }

  @Test
  void guestsWithoutANameGetOne() {
    Lodger.Running one = Lodger.run().shell("echo up; read x").start();
    one.expect("up", LIMIT);
    Lodger.Running two = Lodger.run().shell("echo up; read x").start();
    two.expect("up", LIMIT);
    Lodger.Result list = must("ps");
    assertTrue(list.out().contains("guest ") && list.out().contains("guest-2 "), list::toString);
    one.feed(new byte[] {'\n'});
    two.feed(new byte[] {'\n'});
    one.await(LIMIT);
    two.await(LIMIT);
  }

  @Test
  void aKilledLaunchersNameIsFree() {
    detach("phoenix");
    long launcher = launcher("phoenix");
    Host.must("kill", "-KILL", Long.toString(launcher));
    assertTrue(Host.gone("phoenix"), "processes are left");
    assertTrue(Files.exists(file("phoenix.sock")), "nothing stale to take over");
    detach("phoenix");
    assertEquals(200, new Control("phoenix").get("/v1/guest").status());
    Host.must("kill", "-KILL", Long.toString(launcher("phoenix")));
    assertTrue(Host.gone("phoenix"), "processes are left");
    assertFalse(must("ps").out().contains("phoenix"));
    assertFalse(Files.exists(file("phoenix.sock")), "ps leaves what is stale");
  }

  private static long launcher(String name) {
    String guest = new Control(name).get("/v1/guest").body();
    return Long.parseLong(guest.replaceAll("(?s).*\"pid\": (\\d+).*", "$1"));
  }

  @Test
  void listsOfProcessesTellWhoIsWho() throws IOException {
    detach("well-known", "sleep", "1000");
    awaitTask("well-known", "user:well-known");
    if (Lodger.run("--isolation", "key").command("true").finish().status() == 2) {
      awaitTask("well-known", "mapper:well-kno");
    }
    assertEquals("lodger:well-kno", Host.shortName(launcher("well-known")));
    Set<String> names = new TreeSet<>();
    for (long pid : Host.guestProcesses("well-known")) {
      String line = Files.readString(Path.of("/proc/" + pid + "/cmdline"));
      names.add(Host.shortName(pid) + " " + line.split("\0")[1]);
    }
    // By process, programs have a mapper beside them, which shares its command line with them.
    names.remove("mapper:well-kno user");
    assertEquals(
        Set.of("kernel:well-kno kernel", "spawner:well-kn spawner", "user:well-known user"), names);
  }

  private static void awaitTask(String guest, String name) {
    for (int i = 0; i < 300; i++) {
      for (long pid : Host.guestProcesses(guest)) {
        if (Host.shortName(pid).equals(name)) {
          return;
        }
      }
      Lodger.pause(20);
    }
    throw new AssertionError("no process " + name);
  }

  @Test
  void aStoppedLauncherHoldsNobodyUp() {
    detach("frozen");
    String launcher = Long.toString(launcher("frozen"));
    Host.must("kill", "-STOP", launcher);
    try {
      Lodger.Result list = Lodger.of("ps").within(Duration.ofSeconds(30)).finish();
      assertTrue(list.out().matches("(?s).*frozen +- silent.*"), list::toString);
    } finally {
      Host.must("kill", "-CONT", launcher);
    }
  }

  @Test
  void anotherUserIsRefused() {
    Assumptions.assumeTrue(Host.root(), "only root can become another user");
    Assumptions.assumeTrue(Host.has("curl"), "no program curl");
    detach("mine");
    String socket = file("mine.sock").toString();
    String[] ask = {
      "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "curl", "-s", "-S",
      "--max-time", "10", "--unix-socket", socket, "http://guest/v1/guest"
    };
    Host.Output byMode = Host.call(ask);
    assertTrue(byMode.status() != 0, byMode::toString);
    try {
      Host.must("chmod", "755", Lodger.RUNTIME.toString(), file("").toString());
      Host.must("chmod", "777", socket);
      Host.Output byUser = Host.call(ask);
      assertTrue(byUser.text().contains("belongs to another user"), byUser::toString);
    } finally {
      Host.must("chmod", "700", file("").toString(), Lodger.RUNTIME.toString());
    }
  }

  @Test
  void noGuestOfThatName() {
    for (String verb : List.of("stop", "kill", "pause", "resume", "console", "logs", "wait")) {
      Lodger.Result result = Lodger.of(verb, "nobody").finish();
      assertEquals(2, result.status(), result::toString);
      assertEquals(1, result.err().lines().count(), result::toString);
    }
  }
}
