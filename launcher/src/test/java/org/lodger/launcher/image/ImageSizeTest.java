// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodger.launcher.UsageException;

class ImageSizeTest {
  @Test
  void unitsAreBinary() {
    assertEquals(300L << 20, ImageSize.parse("300M"));
    assertEquals(2L << 30, ImageSize.parse("2g"));
    assertEquals(2L << 30, ImageSize.parse("2GiB"));
    assertEquals(64L << 20, ImageSize.parse("64"));
    assertEquals(1L << 40, ImageSize.parse("1T"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "M", "-1G", "1.5G", "0", "512K", "99T", "999999999T", "1234567890"})
  void refusesWhatIsNoSizeOfADisk(String text) {
    assertThrows(UsageException.class, () -> ImageSize.parse(text));
  }
}
