// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The network that passt makes, for a user without any privilege. */
@Timeout(240)
class UserNetIT {
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir private Path folder;
  private HttpServer server;

  @BeforeEach
  void startServer() throws IOException {
    Assumptions.assumeTrue(Host.has("passt"), "passt is not installed");
    Assumptions.assumeTrue(Host.has("curl"), "curl is not installed");
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    byte[] body = "x".repeat(1 << 20).getBytes();
    server.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
  }

  @AfterEach
  void stopServer() {
    if (server != null) {
      server.stop(0);
    }
  }

  private String url() {
    return "http://10.0.2.2:" + server.getAddress().getPort() + "/";
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static Lodger guest(String... options) {
    return Lodger.run(options).disk(Disks.programsAnd("curl"), "ro").within(SOON);
  }

  /** What a web server in the guest says, and how the host asks for it. */
  private static final String SERVE =
      "printf 'HTTP/1.0 200 OK\\r\\nContent-Length: 21\\r\\n\\r\\nhello from the guest\\n' >/run/page; "
          + "echo ready; while :; do nc -l -p 80 </run/page; done";

  private static String fetch(int port) {
    for (int i = 0; ; i++) {
      Host.Output got = Host.call("curl", "-s", "-m", "5", "http://127.0.0.1:" + port + "/");
      if (got.status() == 0 || i == 10) {
        return got.text();
      }
      Lodger.pause(200);
    }
  }

  /** Address by DHCP, the host's loopback from the guest, and a port of the guest from the host. */
  @Test
  void aUserWithoutPrivilegesGoesBothWays() throws IOException {
    Assumptions.assumeTrue(Host.root(), "only root can become nobody");
    int port = freePort();
    String script =
        "ip addr flush dev eth0; printf '#!/bin/sh\\n[ $1 != bound ] || ip addr add $ip/24 dev eth0; "
            + "[ $1 != bound ] || ip route add default via $router\\n' >/run/s; chmod +x /run/s; "
            + "udhcpc -i eth0 -n -q -f -s /run/s >/dev/null 2>&1; "
            + "ip -o -4 addr show eth0 | grep -o '10.0.2.15/24'; "
            + "curl -s -m 20 -o /dev/null -w '%{size_download}\\n' " + url() + "; " + SERVE;
    String[] line =
        Nobody.line(
            folder, Disks.programsAnd("curl"), "--net", "user", "--publish", port + ":80", "--", "sh",
            "-c", script);
    Lodger.Running guest = Lodger.of().under(line).startAlone();
    guest.expect("10.0.2.15/24\n1048576\nready\n", SOON);
    assertEquals("hello from the guest\n", fetch(port), guest::toString);
    guest.process().destroy();
    guest.await(SOON);
  }

  @Test
  void theHostReachesAPublishedPort() throws IOException {
    int port = freePort();
    Lodger.Running guest =
        guest("--publish", "127.0.0.1:" + port + ":80").shell(SERVE).start();
    guest.expect("ready", SOON);
    String got = fetch(port);
    guest.process().destroy();
    assertEquals("hello from the guest\n", got, guest::toString);
  }

  @Test
  void aPortAlreadyTakenIsRefused() {
    int taken = server.getAddress().getPort();
    for (String net : List.of("user", "user,publish=127.0.0.1:" + taken + ":80")) {
      Lodger.Result result =
          guest("--name", "late", "--net", net, "--publish", "127.0.0.1:" + taken + ":80")
              .shell("echo must not run")
              .finish();
      refused(result, Integer.toString(taken));
    }
    refused(guest("--publish", "8080:80", "--publish", "127.0.0.1:8080:81").command("true").finish(), "8080");
    assertEquals(List.of(), Host.processesTitled("lodger:late passt"));
  }

  private static void refused(Lodger.Result result, String mention) {
    assertEquals(2, result.status(), result::toString);
    assertEquals("", result.out());
    assertEquals(1, result.err().lines().count(), result::toString);
    assertTrue(result.err().contains(mention), result::toString);
  }

  /** The second card cannot be had: nothing of the first one stays. */
  @Test
  void nothingIsHalfStarted() {
    Lodger.Result result =
        guest("--name", "half", "--net", "user", "--net", "link:/nowhere/link").command("true").finish();
    refused(result, "/nowhere/link");
    for (int i = 0; i < 100 && !Host.processesTitled("lodger:half passt").isEmpty(); i++) {
      Lodger.pause(20);
    }
    assertEquals(List.of(), Host.processesTitled("lodger:half passt"));
  }

  private static String cards(Lodger lodger) {
    Lodger.Result result = lodger.command("ls", "/sys/class/net").finish();
    assertEquals(0, result.status(), result::toString);
    assertEquals("", result.err());
    return result.out();
  }

  @Test
  void whoSaysNothingGetsThisNetwork() {
    assertEquals("eth0\nlo\n", cards(guest()));
    assertEquals("lo\n", cards(guest("--net", "none")));
  }

  /** No card then, and no complaint; who asks for one is told the package. */
  @Test
  void withoutPasst() {
    String passt = Host.must("which", "passt").strip();
    String[] hide = {"bwrap", "--dev-bind", "/", "/", "--ro-bind", "/dev/null", passt};
    Assumptions.assumeTrue(
        Host.has("bwrap") && ShareIT.namespaces(), "no bubblewrap, or no user namespaces here");
    assertEquals("lo\n", cards(guest().under(hide)));
    refused(guest("--net", "user").under(hide).command("true").finish(), "apt-get install passt");
    refused(guest("--publish", "8080:80").under(hide).command("true").finish(), "apt-get install passt");
  }

  @Test
  void dhcpGivesWhatTheAgentHasSetItself() {
    Lodger.Result result =
        guest("--net", "user,mac=52:54:00:00:00:07")
            .shell(
                "ip -o -4 addr show eth0; ip addr flush dev eth0; "
                    + "printf '#!/bin/sh\\n[ $1 = bound ] && echo bound $ip $router $dns $mtu\\n' >/run/s; "
                    + "chmod +x /run/s; udhcpc -i eth0 -n -q -f -s /run/s 2>/dev/null; "
                    + "cat /sys/class/net/eth0/address /sys/class/net/eth0/mtu")
            .finish();
    List<String> lines = result.out().lines().toList();
    assertTrue(lines.get(0).contains("10.0.2.15/24"), result::toString);
    assertTrue(lines.get(1).startsWith("bound 10.0.2.15 10.0.2.2 "), result::toString);
    assertEquals(List.of("52:54:00:00:00:07", "65520"), lines.subList(2, 4));
  }

  @Test
  void namesAreLookedUpOnTheHost() {
    // Whether there is such a name is the host's affair; that an answer comes is ours.
    Lodger.Result result =
        guest("--net", "user").shell("timeout 15 nslookup lodger.invalid; cat /etc/resolv.conf").finish();
    assertTrue(result.out().contains("nameserver 10.0.2.3"), result::toString);
    Assumptions.assumeFalse(
        Host.call("timeout", "10", "busybox", "nslookup", "lodger.invalid").text().contains("timed out"),
        "the host has no name server that answers");
    assertTrue((result.out() + result.err()).contains("NXDOMAIN"), result::toString);
  }

  @Test
  void passtMayDieAndTheGuestLives() {
    Lodger.Running guest =
        guest("--name", "orphan", "--net", "user")
            .shell(
                "echo ready; while [ $(cat /sys/class/net/eth0/carrier) = 1 ]; do sleep 0.1; done; "
                    + "ping -c 1 -W 1 10.0.2.2 >/dev/null; echo alive")
            .start();
    guest.expect("ready", SOON);
    List<Long> passt = Host.processesTitled("lodger:orphan passt");
    assertEquals(1, passt.size());
    Host.must("kill", "-9", "" + passt.get(0));
    assertEquals(0, guest.await(SOON), guest::toString);
    assertEquals("ready\nalive\n", new String(guest.stdout()));
    List<String> errors = new String(guest.stderr()).lines().toList();
    assertEquals(1, errors.size(), errors::toString);
    assertTrue(errors.get(0).contains("eth0: passt has ended"), errors::toString);
  }

  @Test
  void passtEndsHoweverTheLauncherEnds() {
    Lodger.Running guest =
        guest("--name", "victim", "--net", "user").shell("echo ready; sleep 1000").start();
    guest.expect("ready", SOON);
    assertEquals(1, Host.processesTitled("lodger:victim passt").size());
    guest.process().destroyForcibly();
    for (int i = 0; i < 200 && !Host.processesTitled("lodger:victim passt").isEmpty(); i++) {
      Lodger.pause(20);
    }
    assertEquals(List.of(), Host.processesTitled("lodger:victim passt"));
  }

  @Test
  void twoCardsHaveNetworksOfTheirOwn() {
    Lodger.Result result =
        guest("--net", "user", "--net", "user")
            .shell("ip -o -4 addr | grep -o '10[.0-9]*/24'")
            .finish();
    assertEquals("10.0.2.15/24\n10.0.3.15/24\n", result.out(), result::toString);
  }
}
