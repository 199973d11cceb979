// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TAP interfaces, in a network namespace of the test's own. */
@Timeout(240)
class TapIT {
  private static final String SPACE = "lodger-tap-it";
  private static final String[] INSIDE = {"ip", "netns", "exec", SPACE};
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir private Path folder;
  private boolean made;

  @BeforeEach
  void makeNamespace() {
    Assumptions.assumeTrue(Host.root(), "only root makes network namespaces and interfaces");
    Host.call("ip", "netns", "del", SPACE);
    Assumptions.assumeTrue(
        Host.call("ip", "netns", "add", SPACE).status() == 0, "no network namespaces here");
    made = true;
    Assumptions.assumeTrue(
        Host.call(inside("ip", "tuntap", "add", "dev", "tap0", "mode", "tap")).status() == 0,
        "no TAP interfaces here");
    Host.must(inside("ip", "addr", "add", "10.6.0.1/24", "dev", "tap0"));
    Host.must(inside("ip", "link", "set", "tap0", "up"));
    Host.must(inside("ip", "link", "set", "lo", "up"));
  }

  @AfterEach
  void dropNamespace() {
    if (made) {
      Host.must("ip", "netns", "del", SPACE);
    }
  }

  private static String[] inside(String... words) {
    return java.util.stream.Stream.of(List.of(INSIDE), List.of(words))
        .flatMap(List::stream)
        .toArray(String[]::new);
  }

  private static Lodger guest(Path disk) {
    return Lodger.run("--net", "tap:tap0", "--append", "ip=10.6.0.2:::255.255.255.0::eth0:off")
        .under(INSIDE)
        .disk(disk, "ro")
        .within(SOON);
  }

  @Test
  void pingsAndBulkBothWays() throws IOException {
    Assumptions.assumeTrue(Host.has("iperf3"), "iperf3 is not installed");
    Process server = new ProcessBuilder(inside("iperf3", "-s")).start();
    try {
      Lodger.Result result =
          guest(Disks.programsAnd("iperf3"))
              .shell(
                  "mount -t tmpfs tmp /tmp; sleep 0.5; ping -q -c 5 10.6.0.1 | grep -o '5 packets received'; "
                      + "iperf3 -c 10.6.0.1 -t 2 -f m && iperf3 -c 10.6.0.1 -t 2 -f m -R; "
                      + "iperf3 -c 10.6.0.1 -u -b 200M -t 1 && echo udp")
              .finish();
      assertEquals(0, result.status(), result::toString);
      assertTrue(result.out().startsWith("5 packets received\n"), result::toString);
      List<String> received =
          result.out().lines().filter(line -> line.endsWith("receiver")).toList();
      assertEquals(3, received.size(), result::toString);
      for (String line : received.subList(0, 2)) {
        double megabits = Double.parseDouble(line.replaceAll(".* ([0-9.]+) Mbits/sec.*", "$1"));
        assertTrue(megabits > 300, line); // far below what it does: machines may be busy
      }
      assertTrue(result.out().endsWith("udp\n"), result::toString);
    } finally {
      server.destroy();
    }
  }

  @Test
  void captureShowsSaneFrames() throws Exception {
    Assumptions.assumeTrue(Host.has("tcpdump"), "tcpdump is not installed");
    Process capture =
        new ProcessBuilder(inside("tcpdump", "-i", "tap0", "-nn", "-e", "-v", "-c", "12", "icmp or arp"))
            .redirectErrorStream(true)
            .start();
    Lodger.Result result =
        guest(Disks.programs())
            .shell("sleep 0.5; ping -q -c 20 -i 0.2 -s 1000 10.6.0.1 >/dev/null; cat /sys/class/net/eth0/address")
            .finish();
    assertEquals(0, result.status(), result::toString);
    String seen = new String(capture.getInputStream().readAllBytes());
    assertEquals(0, capture.waitFor(), seen);
    String mac = result.out().strip();
    assertTrue(seen.contains(mac), seen);
    assertTrue(seen.contains("10.6.0.2 > 10.6.0.1: ICMP echo request"), seen);
    assertTrue(seen.contains("10.6.0.1 > 10.6.0.2: ICMP echo reply"), seen);
    assertTrue(seen.contains("length 1042"), seen);
    assertTrue(!seen.contains("bad") && !seen.contains("wrong"), seen);
  }

  @Test
  void anInterfaceThatGoesTakesTheLinkDown() {
    Lodger.Running guest =
        guest(Disks.programs())
            .shell("echo ready; while [ $(cat /sys/class/net/eth0/carrier) = 1 ]; do sleep 0.1; done; echo alive")
            .start();
    guest.expect("ready", SOON);
    Host.must(inside("ip", "link", "del", "tap0"));
    assertEquals(0, guest.await(SOON), guest::toString);
    assertEquals("ready\nalive\n", new String(guest.stdout()));
    assertEquals(1, new String(guest.stderr()).lines().count(), guest::toString);
  }

  @Test
  void interfacesThatCannotBeOpenedAreNamed() {
    Lodger.Running first = guest(Disks.programs()).shell("echo ready; sleep 60").start();
    first.expect("ready", SOON);
    refused(Lodger.run("--net", "tap:tap0").under(INSIDE), "tap0 is in use");
    first.process().destroy();
    first.await(SOON);
    refused(Lodger.run("--net", "tap:lo").under(INSIDE), "lo is no TAP interface");
    String[] powerless = {
      "ip", "netns", "exec", SPACE, "setpriv", "--bounding-set=-net_admin", "--inh-caps=-all",
      "env", "--"
    };
    refused(Lodger.run("--net", "tap:none0").under(powerless), "no interface none0");
  }

  private static void refused(Lodger lodger, String mention) {
    Lodger.Result result = lodger.shell("echo must not run").within(SOON).finish();
    assertEquals(2, result.status(), result::toString);
    assertEquals("", result.out());
    assertEquals(1, result.err().lines().count(), result::toString);
    assertTrue(result.err().contains(mention), result::toString);
  }
}
