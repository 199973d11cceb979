// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.net;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Tap;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.life.LiveGuest;
import org.lodger.virtio.net.LinkBackend;
import org.lodger.virtio.net.MacAddress;
import org.lodger.virtio.net.NetBackend;
import org.lodger.virtio.net.NetDevice;
import org.lodger.virtio.net.NetException;
import org.lodger.virtio.net.PasstBackend;
import org.lodger.virtio.net.TapBackend;

/**
 * One --net: {@code user}, {@code tap[:NAME]} or {@code link:FOLDER}, then {@code ,mac=}, {@code
 * ,mtu=} and for user {@code ,publish=}. A comma in the folder's name is doubled.
 *
 * @param where the interface or the folder; empty where there is none
 * @param mac null to derive it
 * @param mtu in bytes; 0 for the usual one
 */
public record NetOption(Kind kind, String where, MacAddress mac, int mtu, List<Publish> ports) {
  /** Where the cable leads. */
  public enum Kind {
    USER,
    TAP,
    LINK
  }

  private static final Pattern PART = Pattern.compile("(?:[^,]|,,)+");
  private static final int MTU_MIN = 68; // what every IP network has to carry
  private static final int MTU_MAX = 65535;

  /** Does this host have what a user-mode network needs? */
  public static boolean userIsThere() {
    return UserNet.program().isPresent();
  }

  /** A network that needs nothing said about it. */
  public static NetOption user(List<Publish> ports) {
    return new NetOption(Kind.USER, "", null, 0, ports);
  }

  /** Reads one --net; what is wrong with it is said in one line. */
  public static NetOption parse(String text) {
    List<String> parts = PART.matcher(text).results().map(MatchResult::group).toList();
    String first = parts.isEmpty() ? "" : parts.get(0).replace(",,", ",");
    String where = first.contains(":") ? first.substring(first.indexOf(':') + 1) : "";
    Kind kind = kind(text, first, where);
    MacAddress mac = null;
    int mtu = 0;
    List<Publish> ports = new ArrayList<>();
    for (String part : parts.subList(1, parts.size())) {
      String value = part.substring(part.indexOf('=') + 1);
      if (part.startsWith("mac=")) {
        mac = mac(value);
      } else if (part.startsWith("mtu=")) {
        mtu = mtu(kind, value);
      } else if (part.startsWith("publish=") && kind == Kind.USER) {
        ports.add(Publish.parse(value));
      } else {
        throw new UsageException(
            "--net "
                + text
                + ": unknown part "
                + part
                + "; known are mac=, mtu=, and publish= with user");
      }
    }
    return new NetOption(kind, where, mac, mtu, List.copyOf(ports));
  }

  private static Kind kind(String text, String first, String where) {
    if (first.equals("user")) {
      return Kind.USER;
    }
    if (first.equals("tap") || first.startsWith("tap:") && isInterface(where)) {
      return Kind.TAP;
    }
    if (first.startsWith("link:") && !where.isEmpty()) {
      return Kind.LINK;
    }
    throw new UsageException(
        "--net " + text + " is unknown; write user, tap, tap:INTERFACE, link:FOLDER or none");
  }

  private static boolean isInterface(String name) {
    return name.matches("[^\\s/:%]{1," + Tap.NAME_MAX + "}") && !name.matches("\\.\\.?");
  }

  private static MacAddress mac(String text) {
    MacAddress mac = MacAddress.parse(text);
    if (mac == null) {
      throw new UsageException(
          "mac=" + text + " is no address of a card; write one such as 52:54:00:12:34:56");
    }
    return mac;
  }

  private static int mtu(Kind kind, String text) {
    int most = kind == Kind.USER ? PasstBackend.MTU_MAX : MTU_MAX;
    int mtu = text.matches("\\d{1,5}") ? Integer.parseInt(text) : 0;
    if (mtu < MTU_MIN || mtu > most) {
      throw new UsageException("mtu=" + text + " is not from " + MTU_MIN + " to " + most);
    }
    return mtu;
  }

  /** The same with more ports of the host. */
  public NetOption publishing(List<Publish> more) {
    List<Publish> all = new ArrayList<>(ports);
    all.addAll(more);
    return new NetOption(kind, where, mac, mtu, List.copyOf(all));
  }

  /** What the agent needs to know about the card's network, as an argument for the kernel. */
  public Optional<String> kernelArgument(int index) {
    return kind == Kind.USER ? Optional.of(new UserNet(index).kernelArgument()) : Optional.empty();
  }

  /**
   * Makes the card and connects it. The card owns what this opened or started, and ends it.
   *
   * @param guest the guest's name, from which with {@code index} the address is derived
   * @param index of the card in its guest, from 0
   */
  public NetDevice open(String guest, int index, GuestMemory ram, Consumer<String> log) {
    MacAddress address = mac != null ? mac : MacAddress.of(guest + "/" + index);
    return new NetDevice("eth" + index, ram, backend(guest, index, log), address, mtu, log);
  }

  /** What the guest's owner is told about the card. */
  public LiveGuest.Network describe(NetDevice card, int index) {
    String text = kind.name().toLowerCase(Locale.ROOT) + (where.isEmpty() ? "" : ":" + where);
    String address = kind == Kind.USER ? new UserNet(index).guestAddress() : "";
    return new LiveGuest.Network(card.name(), text, card.mac().toString(), address);
  }

  private NetBackend backend(String guest, int index, Consumer<String> log) {
    try {
      return switch (kind) {
        case USER -> new UserNet(index).open(guest, mtu != 0 ? mtu : PasstBackend.MTU_MAX, ports);
        case TAP -> TapBackend.open(where.isEmpty() ? "tap%d" : where);
        case LINK -> LinkBackend.join(Path.of(where), log);
      };
    } catch (NetException e) {
      throw new UsageException(e.getMessage());
    }
  }
}
