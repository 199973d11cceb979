// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.PrintWriter;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;
import org.lodger.launcher.UsageException;
import org.lodger.virtio.block.DiskException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line. What the user got wrong is answered with one line and exit status 2. */
@Command(
    name = "lodger",
    description = "Boots Linux guests without hardware virtualization.",
    footer = "%nThe script of a checkout adds: bench (measures systems side by side), test.",
    subcommands = {
      RunCommand.class,
      PsCommand.class,
      StopCommand.class,
      KillCommand.class,
      PauseCommand.class,
      ResumeCommand.class,
      ConsoleCommand.class,
      DiskCommand.class,
      NetCommand.class,
      LogsCommand.class,
      WaitCommand.class,
      DoctorCommand.class,
      KernelCommand.class,
      ImageCommand.class,
    })
public final class Main implements Runnable {
  private static final int EXIT_USAGE = 2;
  private static final int EXIT_INTERNAL = 70;

  @Spec private CommandSpec spec;

  /** Every command below has it too. */
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  private boolean help;

  private final List<String> guestCommand;

  private Main(List<String> guestCommand) {
    this.guestCommand = guestCommand;
  }

  /** What stands behind "--": not for us to look at. */
  List<String> guestCommand() {
    return guestCommand;
  }

  public static void main(String[] args) {
    Thread preparation = new Thread(Host::prepare, "prepare");
    preparation.setDaemon(true);
    preparation.start();
    System.exit(execute(new PrintWriter(System.err, true), args));
  }

  static int execute(PrintWriter err, String... args) {
    List<String> all = List.of(args);
    int own = all.contains("--") ? all.indexOf("--") : all.size();
    List<String> guestCommand = all.subList(Math.min(own + 1, all.size()), all.size());
    return new CommandLine(new Main(guestCommand))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setErr(err)
        .setPosixClusteredShortOptionsAllowed(false)
        .setParameterExceptionHandler((e, a) -> refuse(err, oneLine(e)))
        .setExecutionExceptionHandler((e, command, result) -> failed(err, e))
        .execute(all.subList(0, own).toArray(String[]::new));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "say what to do");
  }

  private static int refuse(PrintWriter err, String message) {
    err.println("lodger: " + message);
    return EXIT_USAGE;
  }

  private static int failed(PrintWriter err, Exception e) {
    if (e instanceof UsageException || e instanceof DiskException) {
      return refuse(err, e.getMessage());
    }
    if (e instanceof HostException) {
      err.println("lodger: the host refused: " + e.getMessage());
      return EXIT_INTERNAL;
    }
    err.println("lodger: internal error, please report it: " + e);
    e.printStackTrace(err);
    return EXIT_INTERNAL;
  }

  private static String oneLine(ParameterException e) {
    CommandSpec command = e.getCommandLine().getCommandSpec();
    if (e instanceof UnmatchedArgumentException unmatched) {
      String word = unmatched.getUnmatched().get(0).split("=")[0];
      Set<String> known = new HashSet<>(command.optionsMap().keySet());
      known.addAll(command.subcommands().keySet());
      return "unknown option or command "
          + word
          + Nearest.to(word, known).map(near -> "; did you mean " + near + "?").orElse("");
    }
    String message = e.getMessage().lines().findFirst().orElse("bad arguments");
    return message + "; see " + command.qualifiedName() + " --help";
  }
}
