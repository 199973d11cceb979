// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.system;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.lodger.bench.Refusal;

/** Every system there is; another one is a class and a line here. */
public final class Systems {
  private final List<SystemUnderTest> all = new ArrayList<>();

  public Systems(Site site) {
    String help = Lodger.help(site);
    all.add(new Native(site, "native"));
    all.add(new Lodger(site, "process", true, help));
    all.add(new Lodger(site, "key", true, help));
    all.add(new Lodger(site, "key", false, help));
    all.add(new Uml(site));
    all.add(new Container(site));
    all.add(new Qemu(site, true));
    all.add(new Qemu(site, false));
    all.add(new Native(site, "control"));
  }

  /** Names in the order of columns. "lodger" stands for all its kinds; "control" only if asked. */
  public static List<String> names() {
    return List.of(
        "native",
        "lodger",
        "lodger-process",
        "lodger-key",
        "lodger-key-no-rewrite",
        "uml",
        "container",
        "qemu-kvm",
        "qemu-tcg",
        "control");
  }

  /** Refuses names that are not known. Needs no host. */
  public static void check(List<String> names) {
    for (String name : names) {
      if (!names().contains(name)) {
        throw new Refusal("no system " + name + "; there are " + String.join(", ", names()));
      }
    }
  }

  /**
   * Those with these names, or all; native is always there, it is what the others are held against.
   */
  public List<SystemUnderTest> select(List<String> names) {
    Set<String> wanted = new LinkedHashSet<>(names);
    wanted.add("native");
    return all.stream()
        .filter(
            system ->
                names.isEmpty() ? !system.name().equals("control") : wanted(system.name(), wanted))
        .toList();
  }

  private static boolean wanted(String name, Set<String> names) {
    return names.contains(name) || (names.contains("lodger") && name.startsWith("lodger-"));
  }
}
