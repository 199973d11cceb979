// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.image;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lodger.launcher.UsageException;

/** Sizes of disks, as users write them. */
public final class ImageSize {
  private static final Pattern FORMAT = Pattern.compile("(\\d{1,9})([KMGT]?)(?:I?B)?");
  private static final String UNITS = "KMGT";

  private ImageSize() {}

  /** Bytes of "300M" or "2G"; a bare number is MiB. */
  public static long parse(String text) {
    Matcher matcher = FORMAT.matcher(text.toUpperCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new UsageException("--size " + text + " is no size; write for example 300M or 2G");
    }
    String unit = matcher.group(2).isEmpty() ? "M" : matcher.group(2);
    long bytes = Long.parseLong(matcher.group(1)) << 10 * (1 + UNITS.indexOf(unit));
    if (bytes < 1L << 20 || bytes > 1L << 44) {
      throw new UsageException("--size " + text + " is out of range: 1M to 16T");
    }
    return bytes;
  }
}
