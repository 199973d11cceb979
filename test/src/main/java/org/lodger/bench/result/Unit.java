// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.result;

import java.util.Optional;

/** What rows are measured in, and which way is better. */
public enum Unit {
  NS("ns", false),
  MS("ms", false),
  S("s", false),
  MIB("MiB", false),
  PERCENT("%", false),
  MB_PER_S("MB/s", true),
  MBIT_PER_S("Mbit/s", true),
  IOPS("IOPS", true),
  GFLOPS("GFLOP/s", true);

  private final String symbol;
  private final boolean moreIsBetter;

  Unit(String symbol, boolean moreIsBetter) {
    this.symbol = symbol;
    this.moreIsBetter = moreIsBetter;
  }

  public boolean moreIsBetter() {
    return moreIsBetter;
  }

  public static Optional<Unit> of(String symbol) {
    for (Unit unit : values()) {
      if (unit.symbol.equals(symbol)) {
        return Optional.of(unit);
      }
    }
    return Optional.empty();
  }

  @Override
  public String toString() {
    return symbol;
  }
}
