// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** What the user got wrong is answered with one line and exit status 2. */
public final class Main {
  private static final int EXIT_USAGE = 2;

  private Main() {}

  public static void main(String[] args) {
    System.exit(execute(new PrintWriter(System.err, true), args));
  }

  static int execute(PrintWriter err, String... args) {
    return new CommandLine(new BenchCommand())
        .setErr(err)
        .setParameterExceptionHandler((e, a) -> refuse(err, oneLine(e)))
        .setExecutionExceptionHandler(
            (e, command, result) -> {
              if (e instanceof Refusal) {
                return refuse(err, e.getMessage());
              }
              throw e;
            })
        .execute(args);
  }

  private static int refuse(PrintWriter err, String message) {
    err.println("lodger: " + message);
    return EXIT_USAGE;
  }

  private static String oneLine(ParameterException e) {
    String message = e.getMessage().lines().findFirst().orElse("bad arguments");
    return message + "; see " + e.getCommandLine().getCommandSpec().qualifiedName() + " --help";
  }
}
