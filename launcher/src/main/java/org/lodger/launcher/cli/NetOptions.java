// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.util.ArrayList;
import java.util.List;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.net.NetOption;
import org.lodger.launcher.net.Publish;

/**
 * All --net and --publish of a command line together. Who says nothing gets a user-mode network
 * where that needs no further package.
 */
final class NetOptions {
  private NetOptions() {}

  static List<NetOption> parse(List<String> nets, List<String> publish) {
    List<Publish> ports = publish.stream().map(Publish::parse).toList();
    if (nets.contains("none")) {
      if (nets.size() > 1 || !ports.isEmpty()) {
        throw new UsageException("--net none goes with no other --net and no --publish");
      }
      return List.of();
    }
    if (nets.isEmpty()) {
      return ports.isEmpty() && !NetOption.userIsThere()
          ? List.of()
          : List.of(NetOption.user(ports));
    }
    List<NetOption> cards = new ArrayList<>(nets.stream().map(NetOption::parse).toList());
    if (!ports.isEmpty()) {
      publish(ports, cards);
    }
    Publish.checkDistinct(cards.stream().flatMap(card -> card.ports().stream()).toList());
    return cards;
  }

  /** By way of the first card that can. */
  private static void publish(List<Publish> ports, List<NetOption> cards) {
    for (int i = 0; i < cards.size(); i++) {
      if (cards.get(i).kind() == NetOption.Kind.USER) {
        cards.set(i, cards.get(i).publishing(ports));
        return;
      }
    }
    throw new UsageException("--publish needs a card with --net user");
  }
}
