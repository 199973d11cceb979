// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.net;

import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lodger.launcher.UsageException;

/**
 * A port of the host that leads to one of the guest.
 *
 * @param address of the host's, or empty for all of them
 */
public record Publish(String address, int hostPort, int guestPort, boolean udp) {
  private static final Pattern TEXT =
      Pattern.compile("(?:([0-9.]+|\\[[0-9A-Fa-f:.]+]):)?(\\d{1,5}):(\\d{1,5})(/tcp|/udp)?");

  /** Reads {@code [ADDRESS:]HOST:GUEST[/udp]}. */
  public static Publish parse(String text) {
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches() || !isPort(parts.group(2)) || !isPort(parts.group(3))) {
      throw new UsageException(
          "cannot publish "
              + text
              + "; write HOST:GUEST, such as 8080:80 or 127.0.0.1:5353:53/udp");
    }
    String address = parts.group(1) == null ? "" : parts.group(1).replaceAll("[\\[\\]]", "");
    return new Publish(
        address,
        Integer.parseInt(parts.group(2)),
        Integer.parseInt(parts.group(3)),
        "/udp".equals(parts.group(4)));
  }

  private static boolean isPort(String digits) {
    int port = Integer.parseInt(digits);
    return port > 0 && port < 65536;
  }

  /** Fails with one line if a port of the host is wanted twice: passt would end over that. */
  public static void checkDistinct(Collection<Publish> all) {
    Set<String> seen = new HashSet<>();
    for (Publish each : all) {
      if (!seen.add(each.hostPort + (each.udp ? "/udp" : ""))) {
        throw new UsageException(
            "port " + each.hostPort + " of the host cannot be published twice; choose another");
      }
    }
  }

  /** Fails with one line if passt would not get the port. */
  void checkFree() {
    try {
      InetSocketAddress at =
          address.isEmpty()
              ? new InetSocketAddress(hostPort)
              : new InetSocketAddress(InetAddress.getByName(address), hostPort);
      if (udp) {
        new DatagramSocket(at).close();
      } else {
        try (ServerSocket socket = new ServerSocket()) {
          socket.setReuseAddress(true);
          socket.bind(at);
        }
      }
    } catch (BindException e) {
      throw new UsageException(
          "cannot publish port " + hostPort + ": " + e.getMessage() + "; choose another");
    } catch (UnknownHostException | SocketException e) {
      throw new UsageException(
          "cannot publish on " + address + ":" + hostPort + ": " + e.getMessage());
    } catch (IOException e) {
      throw new UsageException("cannot publish port " + hostPort + ": " + e.getMessage());
    }
  }

  /** As passt's options want it. */
  String option() {
    return (address.isEmpty() ? "" : address + "/") + hostPort + ":" + guestPort;
  }
}
