// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

/** A file that cannot be a disk. The message is one line: the file, what is wrong, the cure. */
public final class DiskException extends RuntimeException {
  private static final long serialVersionUID = 1;

  DiskException(String message) {
    super(message);
  }
}
