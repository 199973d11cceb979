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
    assertTrue(bets < 1_600, bets + " bets");
  }

  private int betsOf(int chances, int lostOnceIn) {
    int bets = 0;
    for (int i = 0; i < chances; i++) {
      if (wager.isOn()) {
        if (++bets % lostOnceIn == 0) {
          wager.lost();
        } else {
          wager.won();
        }
      }
    }
    return bets;
  }

  @Test
  void whoNearlyAlwaysWinsBetsNearlyAlways() {
    for (int i = 0; i < 20; i++) {
      wager.lost();
    }
    betsOf(2_000, 50);
    int bets = betsOf(10_000, 50);
    assertTrue(bets > 8_000, bets + " bets");
  }

  /** A loss costs several times what a win brings. */
  @Test
  void everySecondTimeIsNotOftenEnough() {
    int bets = betsOf(100_000, 2);
    assertTrue(bets < 5_000, bets + " bets");
  }

  @Test
  void ruinComesAndGoesWithItsFrequency() {
    for (int pause = Wager.RUIN_PAUSE_MIN; pause <= Wager.RUIN_PAUSE_MAX; pause *= 4) {
      wager.ruined();
      assertEquals(pause + 1, chancesUntilOn());
    }
    wager.ruined();
    assertEquals(Wager.RUIN_PAUSE_MAX + 1, chancesUntilOn());
    for (int i = 0; i < 10 * Wager.WINS_TO_FORGIVE; i++) {
      wager.won();
    }
    wager.ruined();
    assertEquals(Wager.RUIN_PAUSE_MIN + 1, chancesUntilOn());
  }
}
