// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import org.lodger.launcher.Guest;
import org.lodger.launcher.process.GuestEnd;

/** What the user is told of a guest that did not end well. */
final class EndReport {
  /** A kernel's report of a panic has about that many lines. */
  static final int LINES = 30;

  private EndReport() {}

  static void print(GuestEnd end, Guest guest, String lastLines) {
    if (end.panic()) {
      System.err.print(lastLines);
      System.err.println("lodger: the guest panicked");
    } else if (end.killed() && !guest.wasKilled()) {
      System.err.print(lastLines);
      System.err.println("lodger: signal " + end.signal() + " ended the guest");
    }
  }
}
