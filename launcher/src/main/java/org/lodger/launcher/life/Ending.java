// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.life;

import org.lodger.launcher.process.GuestEnd;

/**
 * How a guest's life ended.
 *
 * @param exitStatus of the launcher: a command's own, or as {@code lodger run --help} says
 * @param how in words
 */
public record Ending(int exitStatus, String how) {
  static Ending of(GuestEnd end, boolean killedByOwner, int exitStatus) {
    String how;
    if (end.powerOff()) {
      how = "power-off";
    } else if (end.panic()) {
      how = "panic";
    } else if (end.reboot()) {
      how = "reboot";
    } else if (killedByOwner) {
      how = "killed";
    } else {
      how = end.killed() ? "signal " + end.signal() : "failure";
    }
    return new Ending(exitStatus, how);
  }
}
