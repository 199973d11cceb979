// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Guests on a private Ethernet segment. */
@Timeout(240)
class LinkIT {
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir private Path folder;
  private final List<Lodger.Running> guests = new ArrayList<>();

  private Lodger.Running guest(int number, String script) {
    Lodger.Running guest =
        Lodger.run("--name", "link-" + number, "--mem", "128M")
            .with("--net", "link:" + folder.resolve("segment"))
            .with("--append", "ip=10.7.0." + number + ":::255.255.255.0::eth0:off")
            .disk(Disks.programs(), "ro")
            .shell(script)
            .start();
    guests.add(guest);
    return guest;
  }

  /** Answers pings, and counts the bytes of who connects, until it is told to end. */
  private Lodger.Running server(int number) {
    Lodger.Running guest =
        guest(
            number,
            "(while :; do nc -l -p 9 -e wc -c; done) & echo ready; read end; echo ended");
    guest.expect("ready", SOON);
    return guest;
  }

  @AfterEach
  void end() {
    for (Lodger.Running guest : guests) {
      guest.process().destroy();
      guest.await(SOON);
    }
    assertFalse(Files.exists(folder.resolve("segment")));
  }

  private static String ping(int number) {
    return "ping -q -c 3 -W 3 10.7.0." + number + " | grep -o '3 packets received' || echo lost; ";
  }

  private static String push(int number) {
    return "dd if=/dev/zero bs=64k count=160 2>/dev/null | timeout 20 nc 10.7.0." + number + " 9; ";
  }

  private String say(int number, String script) {
    Lodger.Running guest = guest(number, script);
    assertEquals(0, guest.await(SOON), guest::toString);
    guests.remove(guest);
    return new String(guest.stdout());
  }

  @Test
  void guestsMeetInAnyOrderAndMoveData() {
    server(1);
    server(2);
    String third = say(3, ping(1) + ping(2) + push(1) + push(2));
    assertEquals(
        "3 packets received\n3 packets received\n10485760\n10485760\n", third);
    Lodger.Running first = guests.remove(0);
    first.type("end\n");
    assertEquals(0, first.await(SOON));
    assertEquals("3 packets received\nlost\n", say(4, ping(2) + "ping -q -c 1 -W 1 10.7.0.1 | grep -o '1 packets received' || echo lost"));
  }

  @Test
  void aStoppedGuestHoldsUpNobody() {
    server(1);
    server(2);
    Lodger.Running stopped = server(3);
    List<Long> tasks = new ArrayList<>(Host.guestProcesses("link-3"));
    tasks.add(stopped.process().pid());
    tasks.forEach(pid -> Host.must("kill", "-STOP", "" + pid));
    try {
      // Frames for all, frames for the one who stands still, and the two others at work.
      String out =
          say(
              4,
              "ip neigh add 10.7.0.3 lladdr 02:00:00:00:00:99 dev eth0 2>/dev/null; "
                  + "ping -q -c 200 -i 0.01 -s 8000 10.7.0.3 >/dev/null & "
                  + ping(1)
                  + push(2)
                  + push(1));
      assertEquals("3 packets received\n10485760\n10485760\n", out);
    } finally {
      tasks.forEach(pid -> Host.must("kill", "-CONT", "" + pid));
    }
    assertEquals("3 packets received\n10485760\n", say(5, ping(3) + push(3)));
  }

  @Test
  void aKilledGuestLeavesNothingBehind() {
    Lodger.Running killed = server(1);
    server(2);
    killed.process().destroyForcibly();
    killed.await(SOON);
    guests.remove(killed);
    assertEquals("3 packets received\n", say(3, ping(2)));
    assertTrue(Files.isDirectory(folder.resolve("segment")));
  }
}
