// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PaceTest {
  private final Pace pace = new Pace();

  private void took(int times, long nanos, long bytes) {
    for (int i = 0; i < times; i++) {
      pace.took(nanos, bytes);
    }
  }

  @Test
  void trustIsEarnedSlowlyAndLostAtOnce() {
    assertFalse(pace.isFast());
    took(31, 2_000, 4096);
    assertFalse(pace.isFast());
    took(1, 2_000, 4096);
    assertTrue(pace.isFast());
    took(1, 100_000, 4096);
    assertFalse(pace.isFast());
    took(32, 2_000, 4096);
    assertTrue(pace.isFast());
  }

  @Test
  void largeRequestsMayTakeLonger() {
    took(32, 40_000, 128 << 10);
    assertTrue(pace.isFast());
    took(1, 40_000, 4096);
    assertFalse(pace.isFast());
  }
}
