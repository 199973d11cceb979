// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher;

/** What the user asked for cannot be done. The message is one line: what is wrong, and the cure. */
public final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public UsageException(String message) {
    super(message);
  }
}
