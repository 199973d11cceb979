// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio;

/**
 * Decides whether to spend a little time now in the hope of saving more, such as looking for the
 * next request a few microseconds longer instead of going to sleep. Each loss doubles the number of
 * times that the stake stays in the pocket, so that where it never pays it costs almost nothing.
 *
 * <p>For one thread.
 */
public final class Wager {
  static final int PAUSE_MAX = 64;

  static final int RUIN_PAUSE_MIN = 64;
  static final int RUIN_PAUSE_MAX = 4096;

  /** So many wins halve the pause that the next ruin brings. */
  static final int WINS_TO_FORGIVE = 1024;

  /** What one loss costs is won back by about as many wins. */
  private static final int WINS_FOR_A_LOSS = 4;

  /** In parts of a chance, so that a single win does not undo a small pause. */
  private int pauseParts;

  private int ruinPause = RUIN_PAUSE_MIN;
  private int wins;
  private int left;

  /** To be asked once for each chance; {@link #won} or {@link #lost} may follow if it says yes. */
  public boolean isOn() {
    if (left > 0) {
      left--;
      return false;
    }
    return true;
  }

  public void won() {
    pauseParts -= (pauseParts + WINS_FOR_A_LOSS - 1) / WINS_FOR_A_LOSS;
    if (++wins == WINS_TO_FORGIVE) {
      wins = 0;
      ruinPause = Math.max(ruinPause / 2, RUIN_PAUSE_MIN);
    }
  }

  public void lost() {
    pauseParts = Math.max(2 * pauseParts, WINS_FOR_A_LOSS);
    pauseParts = Math.min(pauseParts, PAUSE_MAX * WINS_FOR_A_LOSS);
    left = pauseParts / WINS_FOR_A_LOSS;
  }

  /**
   * Lost as much as thousands of wins bring. Once is bad luck; where it comes again and again, each
   * makes the pause four times as long.
   */
  public void ruined() {
    lost();
    left = ruinPause;
    ruinPause = Math.min(4 * ruinPause, RUIN_PAUSE_MAX);
    wins = 0;
  }
}
