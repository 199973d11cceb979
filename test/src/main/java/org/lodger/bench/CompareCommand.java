// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.lodger.bench.report.Comparison;
import org.lodger.bench.result.ResultFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "compare", description = "Hold two results against each other.")
final class CompareCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "A.json", description = "What was.")
  private Path before;

  @Parameters(index = "1", paramLabel = "B.json", description = "What is.")
  private Path after;

  @Override
  public Integer call() {
    System.out.print(new Comparison(ResultFile.read(before), ResultFile.read(after)).text());
    return 0;
  }
}
