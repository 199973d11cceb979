// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.report;

import com.google.gson.Gson;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.lodger.bench.Group;
import org.lodger.bench.result.Goals;
import org.lodger.bench.result.Growth;
import org.lodger.bench.result.Summary;

/** One file that a browser shows without a network: the page, its charts, Chart.js, the data. */
public final class Html {
  private static final String CHART =
      "/META-INF/resources/webjars/chart.js/4.5.1/dist/chart.umd.min.js";

  private Html() {}

  public static String page(Summary summary) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("results", summary.results);
    data.put("lines", summary.lines);
    data.put("loads", summary.loads);
    data.put("voids", summary.voids);
    data.put("goals", new Goals(summary).outcomes());
    data.put("axes", Growth.AXES);
    data.put("growth", Growth.verdicts(summary));
    data.put("notes", Table.notes(summary));
    data.put(
        "explanations",
        Arrays.stream(Group.values())
            .collect(Collectors.toMap(Group::toString, Group::explanation)));
    // Gson writes < as an escape, so that no value can end the script.
    return resource("report.html")
        .replace("/* report.css */", resource("report.css"))
        .replace("/* chart.js */", chart())
        .replace("/* data */", "const DATA = " + new Gson().toJson(data) + ";")
        .replace("/* report.js */", resource("report.js"));
  }

  /** Without the name of its source map, which nobody has here. */
  private static String chart() {
    return resource(CHART).replaceAll("//# sourceMappingURL.*", "");
  }

  private static String resource(String name) {
    String path = name.startsWith("/") ? name : "/org/lodger/bench/report/" + name;
    try (InputStream in = Html.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException("no resource " + path);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
