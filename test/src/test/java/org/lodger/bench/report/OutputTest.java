// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Summary;
import org.lodger.bench.result.Unit;

class OutputTest {
  private final Results results = new Results();

  OutputTest() {
    results.started = "2026-01-02T03:04:05";
    results.host.put("processor", "</script><script>alert(1)");
    results.systems.add(new Results.Column("native", "the host", "1", true, null));
    results.systems.add(new Results.Column("uml", "UML", "2", true, null));
    results.systems.add(new Results.Column("qemu-kvm", "KVM", "", true, "no /dev/kvm"));
    results.add("disk", "native", "seq-read", Unit.MB_PER_S, 3000);
    results.add("disk", "uml", "seq-read", Unit.MB_PER_S, 1500);
    results.add("disk", "uml", "only-here", Unit.IOPS, 12.345);
  }

  @Test
  void csv() {
    assertEquals(
        "group,row,unit,system,rounds,median,least,most,times_native,void\n"
            + "disk,seq-read,MB/s,native,1,3000.0,3000.0,3000.0,1.0000,false\n"
            + "disk,seq-read,MB/s,uml,1,1500.0,1500.0,1500.0,2.0000,false\n"
            + "disk,only-here,IOPS,uml,1,12.345,12.345,12.345,,false\n",
        Csv.text(new Summary(results)));
  }

  @Test
  void table() {
    String text = Table.text(new Summary(results));
    assertTrue(text.contains("  seq-read   MB/s   3,000  1,500 (2.00)\n"), text);
    assertTrue(text.contains("  only-here  IOPS       -          12.3\n"), text);
    assertTrue(text.contains("without qemu-kvm: no /dev/kvm\n"), text);
  }

  @Test
  void markdown() {
    String text = Markdown.text(new Summary(results));
    assertTrue(
        text.contains(
            "| seq-read | MB/s | 3,000 (3,000 to 3,000) | 1,500 (1,500 to 1,500), **2.00** |"),
        text);
  }

  /** The page needs nothing from elsewhere, and no value can break out of its script. */
  @Test
  void html() {
    String page = Html.page(new Summary(results));
    assertTrue(page.contains("Chart.js v4"));
    assertFalse(page.contains("alert(1)\"") && page.contains("</script><script>alert"));
    assertEquals(3, page.split("</script>", -1).length - 1);
    assertFalse(page.matches("(?s).*<(script|link|img)[^>]*(src|href)=\"?http.*"));
    assertFalse(page.contains("sourceMappingURL"));
    assertFalse(page.contains("/* data */"));
  }
}
