// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

/** A back end has ended under a running guest. The message says why. */
public final class LinkDownException extends RuntimeException {
  private static final long serialVersionUID = 1;

  LinkDownException(String message) {
    super(message);
  }
}
