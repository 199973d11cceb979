// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

/**
 * Whether a disk answers at the speed of memory just now, because the host has it in its page
 * cache. Then handing a request to another thread costs several times the request itself.
 */
final class Pace {
  /** So many fast answers in a row before the device's thread may wait for one itself. */
  private static final int PROBATION = 32;

  private static final int CALL_NANOS = 20_000;
  private static final int BYTES_PER_NANO = 4;

  /** Workers may lose each other's updates, which costs a little time and nothing else. */
  private volatile int probation = PROBATION;

  boolean isFast() {
    return probation == 0;
  }

  void took(long nanos, long bytes) {
    if (nanos > CALL_NANOS + bytes / BYTES_PER_NANO) {
      probation = PROBATION;
    } else if (probation > 0) {
      probation--;
    }
  }
}
