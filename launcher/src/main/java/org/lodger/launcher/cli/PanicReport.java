// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

/** What the user is told of a guest that panicked. */
final class PanicReport {
  /** A kernel's report of a panic has about that many. */
  static final int LINES = 30;

  private PanicReport() {}

  static void print(String lastLines) {
    System.err.print(lastLines);
    System.err.println("lodger: the guest panicked");
  }
}
