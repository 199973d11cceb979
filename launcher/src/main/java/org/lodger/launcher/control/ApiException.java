// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

/** A request that is answered with an HTTP error: a status and the reason, in one line. */
public final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;

  public ApiException(int status, String reason) {
    super(reason);
    this.status = status;
  }

  public int status() {
    return status;
  }
}
