// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.lodger.bench.system.SystemUnderTest;

/** One run to be: a group in a system. */
record Step(int round, Group group, SystemUnderTest system, boolean quick) {
  /**
   * Systems that translate are tens of times slower: the wait for them is bounded by fewer rounds.
   */
  private static int rounds(SystemUnderTest system, int rounds) {
    return system.runsNatively() ? rounds : Math.max(1, rounds / 3);
  }

  /**
   * All systems in turn within each group of each round, so that what else the machine does in the
   * meantime hits all of them.
   */
  static List<Step> plan(
      int rounds, List<Group> groups, List<SystemUnderTest> systems, boolean quick) {
    List<Step> plan = new ArrayList<>();
    for (int round = 1; round <= rounds; round++) {
      for (Group group : groups) {
        for (SystemUnderTest system : systems) {
          if (round <= rounds(system, rounds) && system.takesPartIn(group)) {
            plan.add(new Step(round, group, system, quick));
          }
        }
      }
    }
    return plan;
  }

  Duration guess() {
    Duration usual = group.usual();
    Duration here = system.runsNatively() ? usual : usual.multipliedBy(4);
    return quick ? here : here.multipliedBy(3);
  }

  /** A run that takes longer hangs. */
  Duration limit() {
    return Duration.ofSeconds(quick ? 90 : 300);
  }
}
