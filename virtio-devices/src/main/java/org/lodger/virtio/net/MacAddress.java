// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The address of a network card, as a number of 48 bits: its first byte is the highest. */
public record MacAddress(long value) {
  private static final Pattern TEXT = Pattern.compile("\\p{XDigit}{1,2}(:\\p{XDigit}{1,2}){5}");
  private static final long MULTICAST = 1L << 40;
  private static final long LOCAL = 1L << 41;

  /** Reads {@code 52:54:00:12:34:56}; null if it is no address that a card may have. */
  public static MacAddress parse(String text) {
    if (!TEXT.matcher(text).matches()) {
      return null;
    }
    long value =
        Arrays.stream(text.split(":"))
            .mapToLong(part -> Long.parseLong(part, 16))
            .reduce(0, (all, part) -> all << 8 | part);
    return value == 0 || (value & MULTICAST) != 0 ? null : new MacAddress(value);
  }

  /** The address that a name stands for: always the same one, and hardly ever another name's. */
  public static MacAddress of(String name) {
    long hash = 0xcbf29ce484222325L; // FNV-1a, then mixed: a digest would cost start-up time
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ b & 0xff) * 0x100000001b3L;
    }
    hash = (hash ^ hash >>> 32) * 0xd6e8feb86659fd93L;
    hash ^= hash >>> 32;
    return new MacAddress(hash & (1L << 40) - 1 | LOCAL);
  }

  byte[] bytes() {
    byte[] bytes = new byte[6];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (value >>> 40 - 8 * i);
    }
    return bytes;
  }

  @Override
  public String toString() {
    byte[] bytes = bytes();
    return IntStream.range(0, bytes.length)
        .mapToObj(i -> String.format("%02x", bytes[i]))
        .collect(Collectors.joining(":"));
  }
}
