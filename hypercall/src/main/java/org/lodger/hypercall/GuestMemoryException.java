// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall;

/** An address that the guest named lies outside its memory, or is not aligned as it must be. */
public final class GuestMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public GuestMemoryException(String message) {
    super(message);
  }
}
