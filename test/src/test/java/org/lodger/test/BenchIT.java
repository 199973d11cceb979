// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodger.bench.result.ResultFile;
import org.lodger.bench.result.Results;
import org.lodger.bench.result.Stats;

/** {@code lodger bench}: short runs, their figures, and the report in a browser. */
class BenchIT {
  private static final String BENCH = Lodger.HOME.resolve("lodger").toString();

  @TempDir static Path dir;
  private static Results results;
  private static String said;

  @BeforeAll
  static void measure() {
    assumeTrue(Host.root(), "as an ordinary user the benchmarks may lack user namespaces");
    assumeTrue(Files.exists(Path.of("/usr/bin/apt-get")), "the benchmarks' root is a Debian");
    Host.Output output =
        Host.call(
            BENCH, "bench", "--quick", "--rounds", "3", "--only", "micro,boot",
            "--systems", "native,control,lodger-process,qemu-kvm",
            "--json", dir + "/a.json", "--html", dir + "/a.html", "--csv", dir + "/a.csv");
    said = output.text();
    assumeTrue(!said.contains("cannot fetch Debian packages"), said);
    assumeTrue(!said.contains("without native: "), said); // in a container that may not unshare
    assertEquals(0, output.status(), said);
    results = ResultFile.read(dir.resolve("a.json"));
  }

  private static Stats stats(String group, String row, String system) {
    return Stats.of(results.find(group, row).orElseThrow().values().get(system));
  }

  /** The same programs in the same system, under two names. */
  @Test
  void theSameThingTwiceDiffersByNoise() {
    double sum = 0;
    int rows = 0;
    for (Results.Row row : results.rows) {
      if (row.group().equals("micro")) {
        Stats one = Stats.of(row.values().get("native"));
        Stats other = Stats.of(row.values().get("control"));
        sum += Math.log(other.timesAsMuchAs(one, row.unitOf()));
        rows++;
      }
    }
    double mean = Math.exp(sum / rows);
    System.out.println("control : native, mean of " + rows + " rows: " + mean);
    assertTrue(rows > 20, rows + " rows");
    assertTrue(mean > 0.8 && mean < 1.25, "mean ratio " + mean);
  }

  @Test
  void whatAGuestMustCost() {
    assertTrue(
        stats("micro", "getppid", "lodger-process").least()
            > stats("micro", "getppid", "native").most());
    assertTrue(stats("boot", "idle-memory", "lodger-process").least() > 10);
    Stats init = stats("boot", "start-to-init", "lodger-process");
    Stats end = stats("boot", "start-to-end", "lodger-process");
    assertTrue(init.least() > 20 && init.median() < end.median(), init + ", " + end);
  }

  /** Either it was measured, or the table says why it was not. */
  @Test
  void kvmIsARowOrAReason() {
    Results.Column kvm =
        results.systems.stream().filter(c -> c.name().equals("qemu-kvm")).findFirst().orElseThrow();
    assertEquals(kvm.whyNot() == null, results.find("micro", "getppid").orElseThrow().values().containsKey("qemu-kvm"));
    assertEquals(kvm.whyNot() != null, said.contains("without qemu-kvm: "), said);
  }

  @Test
  void comparedWithItselfNothingChanged() {
    String text = Host.must(BENCH, "bench", "compare", dir + "/a.json", dir + "/a.json");
    assertTrue(text.contains("micro getppid ns"), text);
    assertFalse(text.contains("faster") || text.contains(" slower\n"), text);
  }

  @Test
  void controlCKeepsWhatIsFinished() throws IOException, InterruptedException {
    Path json = dir.resolve("stopped.json");
    Process bench =
        new ProcessBuilder(
                BENCH, "bench", "--quick", "--rounds", "500", "--only", "micro", "--systems",
                "native", "--json", json.toString(), "--html", dir + "/stopped.html")
            .redirectErrorStream(true)
            .start();
    BufferedReader reader = bench.inputReader();
    String line = reader.readLine();
    while (line != null && !line.startsWith("round 3 ")) {
      line = reader.readLine();
    }
    Host.must("kill", "-INT", Long.toString(bench.pid()));
    while (reader.readLine() != null) {
      continue; // what it prints is in the file, too
    }
    assertTrue(bench.waitFor(30, TimeUnit.SECONDS));
    assertEquals(0, bench.exitValue());
    Results kept = ResultFile.read(json);
    assertTrue(kept.interrupted);
    int rounds = kept.find("micro", "getppid").orElseThrow().values().get("native").size();
    assertTrue(rounds >= 1 && rounds < 10, rounds + " rounds");
  }

  @Test
  void theReportInABrowser() throws IOException {
    assumeTrue(Host.has("chromium") || install("chromium"), "no chromium, and none to be had");
    Page page = Page.open(dir.resolve("a.html"));
    assertEquals(List.of(), page.complaints());
    assertTrue(page.dom().matches("(?s).*<main id=\"page\" data-charts=\"\\d+\".*"), "no charts drawn");
    for (String group : List.of("micro", "boot")) {
      String section = page.dom().replaceFirst("(?s).*<section id=\"" + group + "\"", "").split("</section>")[0];
      assertTrue(section.contains("<canvas"), group);
      assertTrue(section.contains("lodger-process"), group);
    }

    // The browser does tell when a page is broken.
    Path broken = dir.resolve("broken.html");
    Files.writeString(broken, Files.readString(dir.resolve("a.html")).replace("const DATA = {", "const DATA = {,"));
    assertFalse(Page.open(broken).complaints().isEmpty());
  }

  private static boolean install(String program) {
    return Host.call("apt-get", "-qq", "install", "--no-install-recommends", program).status() == 0;
  }

  /** A page as a headless browser without a network has it, and what its console says. */
  private record Page(String dom, List<String> complaints) {
    static Page open(Path file) throws IOException {
      Path log = dir.resolve("browser.log");
      Process browser =
          new ProcessBuilder(
                  "timeout", "120", "chromium", "--headless", "--no-sandbox", "--disable-gpu",
                  "--proxy-server=127.0.0.1:9", "--user-data-dir=" + dir.resolve("profile"),
                  "--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom",
                  file.toUri().toString())
              .redirectError(log.toFile())
              .start();
      String dom = new String(browser.getInputStream().readAllBytes());
      List<String> complaints = new ArrayList<>();
      for (String line : Files.readAllLines(log)) {
        if (line.contains(":CONSOLE")) {
          complaints.add(line);
        }
      }
      return new Page(dom, complaints);
    }
  }
}
