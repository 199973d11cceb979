// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall.host;

/** A call that the host refused. */
public final class HostException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int errno;
  private final String call;

  HostException(int errno, String call, String reason) {
    super(call + ": " + reason);
    this.errno = errno;
    this.call = call;
  }

  public int errno() {
    return errno;
  }

  public String call() {
    return call;
  }
}
