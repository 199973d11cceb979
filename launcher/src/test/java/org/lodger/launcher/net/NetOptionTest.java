// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodger.launcher.UsageException;
import org.lodger.virtio.net.MacAddress;

class NetOptionTest {
  @Test
  void takesWhatItKnows() {
    assertEquals(NetOption.user(List.of()), NetOption.parse("user"));
    MacAddress mac = MacAddress.parse("52:54:00:12:34:56");
    assertEquals(
        new NetOption(NetOption.Kind.TAP, "tap0", mac, 9000, List.of()),
        NetOption.parse("tap:tap0,mtu=9000,mac=52:54:00:12:34:56"));
    assertEquals("a,b", NetOption.parse("link:a,,b").where());
    assertEquals("a:b", NetOption.parse("link:a:b,mtu=1500").where());
    assertEquals("", NetOption.parse("tap").where());
    assertEquals(
        List.of(new Publish("", 8080, 80, false), new Publish("::1", 53, 5353, true)),
        NetOption.parse("user,publish=8080:80,publish=[::1]:53:5353/udp").ports());
  }

  @Test
  void aPortOfTheHostLeadsToOneOfTheGuest() {
    Publish tcp = Publish.parse("8080:80");
    Publish.checkDistinct(List.of(tcp, Publish.parse("8080:80/udp"), Publish.parse("8081:80")));
    assertThrows(
        UsageException.class,
        () -> Publish.checkDistinct(List.of(tcp, Publish.parse("127.0.0.1:8080:81"))));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",",
        "usr",
        "user:x",
        "tap:",
        "tap:a/b",
        "tap:..",
        "tap:a%d",
        "tap:0123456789abcdef",
        "link",
        "link:",
        "user,mac=1",
        "user,mac=01:00:00:00:00:00",
        "user,mtu=67",
        "user,mtu=65521",
        "tap,mtu=65536",
        "user,mtu=x",
        "tap,publish=1:2",
        "user,publish=0:1",
        "user,publish=1:65536",
        "user,publish=80",
        "user,publish=1:2/sctp",
        "user,foo"
      })
  void refusesTheRestInOneLine(String text) {
    String message = assertThrows(UsageException.class, () -> NetOption.parse(text)).getMessage();
    assertEquals(1, message.lines().count());
    assertTrue(
        message.contains(
            text.isEmpty() ? "--net" : text.replaceAll("^[^,]*,(?=.)", "").split("=")[0]),
        message);
  }

  @Test
  void aUsedPortIsRefusedBeforeAnythingStarts() throws IOException {
    try (ServerSocket taken = new ServerSocket(0)) {
      Publish publish = Publish.parse(taken.getLocalPort() + ":80");
      String message = assertThrows(UsageException.class, publish::checkFree).getMessage();
      assertTrue(message.contains("" + taken.getLocalPort()), message);
    }
  }

  @Test
  void theAgentGetsAddressesOfTheUserNetwork() {
    assertEquals(
        Optional.of("ip=10.0.3.15::10.0.3.2:255.255.255.0::eth1:off:10.0.3.3"),
        NetOption.parse("user").kernelArgument(1));
    assertFalse(NetOption.parse("link:x").kernelArgument(0).isPresent());
  }
}
