// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Locale;
import org.lodger.bench.report.Csv;
import org.lodger.bench.report.Html;
import org.lodger.bench.report.Markdown;
import org.lodger.bench.report.Table;
import org.lodger.bench.result.ResultFile;
import org.lodger.bench.result.Summary;
import picocli.CommandLine.Option;

/** Where results go, by options of a command. */
final class Outputs {
  @Option(names = "--json", paramLabel = "FILE", description = "Where results go.")
  private Path json;

  @Option(names = "--html", paramLabel = "FILE", description = "Where the report goes.")
  private Path html;

  @Option(names = "--csv", paramLabel = "FILE", description = "Write a table of all values there.")
  private Path csv;

  @Option(
      names = "--markdown",
      paramLabel = "FILE",
      description = "Write tables in Markdown there.")
  private Path markdown;

  /** Before hours are spent, not after. */
  void check() {
    for (Path file : Arrays.asList(json, html, csv, markdown)) {
      Path folder = file == null ? null : file.toAbsolutePath().getParent();
      if (folder != null && !Files.isWritable(folder)) {
        throw new Refusal(
            "cannot write " + file + ": there is no folder " + folder + " to write to");
      }
    }
    if (json == null || html == null) {
      String time =
          DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).format(LocalDateTime.now());
      Path folder = results();
      json = json != null ? json : folder.resolve(time + ".json");
      html = html != null ? html : folder.resolve(time + ".html");
    }
  }

  /** In the checkout, or where the user is if that is somebody else's. */
  private static Path results() {
    Path folder = BenchCommand.home().resolve("target/bench");
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      return Path.of("");
    }
    return Files.isWritable(folder) ? folder : Path.of("");
  }

  /** Also to standard output, for reading. */
  void write(Summary summary) {
    ResultFile.write(summary.results, json);
    ResultFile.write(html, Html.page(summary));
    if (csv != null) {
      ResultFile.write(csv, Csv.text(summary));
    }
    if (markdown != null) {
      ResultFile.write(markdown, Markdown.text(summary));
    }
    System.out.print(Table.text(summary));
    System.out.printf("%nResults: %s%nReport:  %s%n", json, html);
  }
}
