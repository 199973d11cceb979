// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.report;

import java.util.Locale;
import java.util.Map;
import org.lodger.bench.result.Summary;
import org.lodger.bench.result.Summary.Cell;

/** One line a cell. No field can hold a comma or a quote. */
public final class Csv {
  private Csv() {}

  public static String text(Summary summary) {
    StringBuilder text =
        new StringBuilder("group,row,unit,system,rounds,median,least,most,times_native,void\n");
    for (Summary.Line line : summary.lines) {
      for (Map.Entry<String, Cell> entry : line.cells().entrySet()) {
        Cell cell = entry.getValue();
        text.append(
            String.format(
                Locale.ROOT,
                "%s,%s,%s,%s,%d,%s,%s,%s,%s,%s%n",
                line.group(),
                line.name(),
                line.unit(),
                entry.getKey(),
                cell.stats().count(),
                cell.stats().median(),
                cell.stats().least(),
                cell.stats().most(),
                cell.ratio() == null ? "" : String.format(Locale.ROOT, "%.4f", cell.ratio()),
                cell.isVoid()));
      }
    }
    return text.toString();
  }
}
