// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class WagerTest {
  private final Wager wager = new Wager();

  private int chancesUntilOn() {
    int chances = 1;
    while (!wager.isOn()) {
      chances++;
    }
    return chances;
  }

  @Test
  void eachLossDoublesThePauseUpToABound() {
    assertEquals(1, chancesUntilOn());
    for (int pause = 1; pause <= Wager.PAUSE_MAX; pause *= 2) {
      wager.lost();
      assertEquals(pause + 1, chancesUntilOn());
    }
    wager.lost();
    assertEquals(Wager.PAUSE_MAX + 1, chancesUntilOn());
  }

  @Test
  void whoAlwaysLosesHardlyEverBets() {
    int bets = 0;
    for (int i = 0; i < 100_000; i++) {
      if (wager.isOn()) {
        bets++;
        wager.lost();
      }
    }
    assertTrue(bets < 110, bets + " bets");
  }

  @Test
  void winsAreForgivenTheirLosses() {
    for (int i = 0; i < 20; i++) {
      wager.lost();
    }
    chancesUntilOn();
    for (int i = 0; i < 12; i++) {
      assertTrue(wager.isOn());
      wager.won();
    }
    wager.lost();
    assertEquals(2, chancesUntilOn());
  }
}
