// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** More programs than may have processes of the host. Nobody notices. */
class SlotsIT {
  /** By key, those that write code and the others want slots of different kinds. */
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 6})
  void programsTakeTurns(int slots) {
    Lodger.Result result =
        Lodger.run("--slots", Integer.toString(slots)).disk(Disks.programs(), "ro")
            .within(Duration.ofMinutes(2))
            .shell(
                "for i in 1 2 3; do /test/jit || echo failed & done;"
                    + " for i in 1 2 3; do seq 500 | sort -n | tail -n 1; done; wait")
            .finish();
    assertEquals("500\n500\n500\n", result.out(), result::toString);
    assertEquals(0, result.status(), result::toString);
  }
}
