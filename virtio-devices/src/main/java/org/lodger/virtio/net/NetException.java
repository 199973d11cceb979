// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

/** A back end that cannot be opened. The message is one line: what is wrong, and the cure. */
public final class NetException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public NetException(String message) {
    super(message);
  }
}
