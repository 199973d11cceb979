// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lodger.hypercall.Abi;

/** Sizes of guest RAM, as users write them. */
public final class MemorySize {
  private static final Pattern FORMAT = Pattern.compile("(\\d+)([KMGT]?)(?:I?B)?");
  private static final String UNITS = "KMGT";
  private static final long GRANULE = 2L << 20;

  private MemorySize() {}

  /** Bytes of "512M", "4G", "256" (MiB, as lguest and QEMU have it), rounded up to 2 MiB. */
  public static long parse(String text) {
    Matcher matcher = FORMAT.matcher(text.toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new UsageException("--mem " + text + " is no size; write for example 512M or 4G");
    }
    String unit = matcher.group(2).isEmpty() ? "M" : matcher.group(2);
    BigInteger bytes = new BigInteger(matcher.group(1)).shiftLeft(10 * (1 + UNITS.indexOf(unit)));
    if (bytes.compareTo(BigInteger.valueOf(Abi.RAM_MIN)) < 0) {
      throw new UsageException("--mem " + text + " is too little: a guest needs at least 32M");
    }
    long host = hostMemory();
    if (bytes.compareTo(BigInteger.valueOf(Math.min(host, Abi.RAM_MAX))) > 0) {
      throw new UsageException(
          "--mem " + text + " is too much: this host has " + (host >> 20) + "M, a guest up to 1T");
    }
    return (bytes.longValueExact() + GRANULE - 1) / GRANULE * GRANULE;
  }

  /** Memory and swap: pages are taken only as the guest touches them. */
  private static long hostMemory() {
    long total = 0;
    try {
      for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
        if (line.startsWith("MemTotal:") || line.startsWith("SwapTotal:")) {
          total += Long.parseLong(line.replaceAll("\\D", "")) << 10;
        }
      }
    } catch (IOException e) {
      return Abi.RAM_MAX;
    }
    return total;
  }
}
