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
  static final int PAUSE_MAX = 1024;

  private int pause;
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
    pause >>= 1;
  }

  public void lost() {
    pause = Math.min(Math.max(1, 2 * pause), PAUSE_MAX);
    left = pause;
  }
}
