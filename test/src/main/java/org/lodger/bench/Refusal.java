// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

/** What the user asked for cannot be done. The message is one line: what is wrong, and the cure. */
public final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public Refusal(String message) {
    super(message);
  }
}
