// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio;

/** The driver put something into a virtqueue that the specification forbids. */
public final class BadRingException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public BadRingException(String why) {
    // No stack trace: a hostile guest could make us fill in millions of them.
    super(why, null, false, false);
  }
}
