// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

/**
 * Whether a disk answers at the speed of memory just now, because the host has it in its page
 * cache. Then handing a request to another thread costs several times the request itself.
 */
final class Pace {
  /** So many fast answers in a row before the device's thread may wait for one itself. */
  private static final int PROBATION = 32;

  /** One slow answer may be this thread's own bad luck with the host's scheduler. */
  private static final int PATIENCE = 3;

  private static final int CALL_NANOS = 20_000;
  private static final int BYTES_PER_NANO = 4;

  /** Workers may lose each other's updates, which costs a little time and nothing else. */
  private volatile int probation = PROBATION;

  private volatile int slowInARow;

  boolean isFast() {
    return probation == 0;
  }

  void took(long nanos, long bytes) {
    if (nanos <= CALL_NANOS + bytes / BYTES_PER_NANO) {
      slowInARow = 0;
      if (probation > 0) {
        probation--;
      }
    } else if (probation > 0 || ++slowInARow == PATIENCE) {
      probation = PROBATION;
      slowInARow = 0;
    }
  }
}
