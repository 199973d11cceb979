// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.process;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;

/** The test is the switcher, or a guest kernel that has written over what it counts. */
class CountersTest {
  private final GuestMemory control = GuestMemory.create("test", Abi.CONTROL_SIZE);

  @AfterEach
  void close() {
    control.close();
  }

  @Test
  void eachWordHasItsName() {
    for (int i = 0; i < Abi.Counters.SIZE_OF / 8; i++) {
      control.putLong(Abi.CONTROL_COUNTERS + 8 * i, 100 + i);
    }
    assertEquals(
        new Counters(
            new Counters.Spaces(101, 102),
            new Counters.Demotions(103, 104, 105, 106),
            107,
            new Counters.HostCalls(108, 109, 110)),
        Counters.read(control));
    assertEquals(418, Counters.read(control).demotions().all());
  }

  @Test
  void anyNumberIsTaken() {
    for (int i = 0; i < Abi.Counters.SIZE_OF / 8; i++) {
      control.putLong(Abi.CONTROL_COUNTERS + 8 * i, -1);
    }
    assertEquals(-1, Counters.read(control).callSites());
    assertEquals(-4, Counters.read(control).demotions().all());
  }
}
