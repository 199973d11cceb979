// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.agent;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MessageTest {
  private final List<List<String>> received = new ArrayList<>();
  private final Message.Decoder decoder = new Message.Decoder(received::add);

  @Test
  void isALengthAndStrings() {
    byte[] expected = {6, 0, 0, 0, 'a', 'b', 0, 0, 'c', 0};
    assertArrayEquals(expected, Message.encode(List.of("ab", "", "c")));
  }

  @Test
  void comesThroughInAnyPieces() {
    byte[] two = new byte[16];
    byte[] one = Message.encode(List.of("exit", "7"));
    System.arraycopy(one, 0, two, 0, one.length);
    byte[] other = Message.encode(List.of("é"));
    byte[] all = new byte[one.length + other.length];
    System.arraycopy(one, 0, all, 0, one.length);
    System.arraycopy(other, 0, all, one.length, other.length);
    for (int piece = 1; piece <= all.length; piece++) {
      received.clear();
      for (int at = 0; at < all.length; at += piece) {
        decoder.add(all, at, Math.min(piece, all.length - at));
      }
      assertEquals(List.of(List.of("exit", "7"), List.of("é")), received);
    }
  }

  @Test
  void refusesWhatIsNoMessage() {
    for (byte[] bad : new byte[][] {{-1, -1, -1, -1}, {0, 0, 0, 1}, {1, 0, 0, 0, 'x'}}) {
      Message.Decoder fresh = new Message.Decoder(received::add);
      assertThrows(IllegalArgumentException.class, () -> fresh.add(bad, 0, bad.length));
    }
  }
}
