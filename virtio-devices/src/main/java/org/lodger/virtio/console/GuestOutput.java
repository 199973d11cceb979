// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.console;

import java.io.IOException;

/** Where the host wants the bytes that the guest writes to a port. */
@FunctionalInterface
public interface GuestOutput {
  /**
   * Takes the bytes; the array is not ours to keep. May block, which stops this port only: the
   * guest's writers wait. After an exception all further output of the port is thrown away.
   */
  void write(byte[] bytes, int offset, int length) throws IOException;
}
