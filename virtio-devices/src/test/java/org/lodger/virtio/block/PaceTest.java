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
  void trustIsEarnedSlowlyAndLostSoon() {
    assertFalse(pace.isFast());
    took(31, 2_000, 4096);
    assertFalse(pace.isFast());
    took(1, 2_000, 4096);
    assertTrue(pace.isFast());
    took(3, 100_000, 4096);
    assertFalse(pace.isFast());
    took(31, 2_000, 4096);
    took(1, 100_000, 4096);
    took(31, 2_000, 4096);
    assertFalse(pace.isFast(), "one slow answer starts the wait anew");
    took(1, 2_000, 4096);
    assertTrue(pace.isFast());
  }

  @Test
  void aSlowAnswerNowAndThenIsForgiven() {
    took(32, 2_000, 4096);
    for (int i = 0; i < 10; i++) {
      took(2, 100_000, 4096);
      assertTrue(pace.isFast());
      took(1, 2_000, 4096);
    }
  }

  @Test
  void largeRequestsMayTakeLonger() {
    took(32, 40_000, 128 << 10);
    assertTrue(pace.isFast());
    took(3, 40_000, 4096);
    assertFalse(pace.isFast());
  }
}
