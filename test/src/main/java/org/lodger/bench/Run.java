// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** One start of a system, watched from outside until its last process has ended. */
public final class Run {
  private static final long LAST_WORDS_MS = 5000;

  private final Transcript transcript = new Transcript();
  private final boolean idle;
  private final Process process;
  private final ProcessTree tree;
  private final long start = System.nanoTime();
  private boolean late;
  private double initMs = Double.NaN;
  private double endMs;
  private double wallSeconds;
  private double cpuSeconds;
  private double companySeconds;
  private double beginCpu;
  private double beginHost;
  private long begin;
  private double idleMib = Double.NaN;
  private double sharedMib = Double.NaN;
  private double launcherMib = Double.NaN;

  /** {@code idle}: the job sleeps, and is looked at meanwhile. */
  private Run(List<String> command, boolean idle) {
    this.idle = idle;
    // A session of its own: Ctrl-C is for the lab, which ends the run.
    List<String> line = new ArrayList<>(List.of("setsid"));
    line.addAll(command);
    try {
      process =
          new ProcessBuilder(line)
              .redirectErrorStream(true)
              .redirectInput(new File("/dev/null"))
              .start();
    } catch (IOException e) {
      throw new Refusal("cannot start setsid: " + e.getMessage());
    }
    tree = new ProcessTree(Path.of("/proc"), process.pid());
  }

  /** A run that takes longer than the limit is killed, and counts as failed. */
  public static Run of(List<String> command, boolean idle, Duration limit)
      throws InterruptedException {
    Run run = new Run(command, idle);
    Thread reader = new Thread(run::read, "output");
    reader.start();
    Thread end = new Thread(run::kill, "end");
    Runtime.getRuntime().addShutdownHook(end);
    try {
      run.late = !run.process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
      run.endMs = run.sinceStart();
      if (!run.late) {
        reader.join(LAST_WORDS_MS); // a survivor may hold the pipe open
      }
    } finally {
      run.kill();
      reader.join();
      Runtime.getRuntime().removeShutdownHook(end);
    }
    return run;
  }

  private void read() {
    try (BufferedReader reader = process.inputReader()) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        switch (transcript.accept(line)) {
          case INIT -> initMs = sinceStart();
          case BEGIN -> begun();
          case END -> ended();
          default -> {}
        }
      }
    } catch (IOException e) {
      return; // it was killed: what came so far is what there is
    }
  }

  private double sinceStart() {
    return (System.nanoTime() - start) / 1e6;
  }

  /** What nearly sleeps uses less than a tick. */
  private double used() {
    return idle ? tree.runSeconds() : tree.cpuSeconds();
  }

  private void begun() {
    begin = System.nanoTime();
    beginHost = tree.hostCpuSeconds();
    beginCpu = used();
  }

  private void ended() {
    wallSeconds = (System.nanoTime() - begin) / 1e9;
    cpuSeconds = Math.max(0, used() - beginCpu);
    companySeconds = Math.max(0, tree.hostCpuSeconds() - beginHost - cpuSeconds);
    if (idle) {
      idleMib = tree.memoryMib();
      sharedMib = tree.sharedMib();
      launcherMib = tree.launcherMib();
    }
  }

  private void kill() {
    List<ProcessHandle> all = process.descendants().toList();
    process.destroyForcibly();
    all.forEach(ProcessHandle::destroyForcibly);
  }

  public Transcript transcript() {
    return transcript;
  }

  /** Why its values are no good; empty if they are. */
  public Optional<String> failure() {
    return late ? Optional.of("took too long and was killed") : transcript.failure();
  }

  /** From the start of the first process to the first line of init; NaN if that never came. */
  public double initMs() {
    return initMs;
  }

  /** From the start of the first process to the end of the last. */
  double endMs() {
    return endMs;
  }

  /** Of the job, without start and end of the system. */
  double wallSeconds() {
    return wallSeconds;
  }

  /** Of all processes on the host while the job ran. */
  double cpuSeconds() {
    return cpuSeconds;
  }

  /** Of everything else on the host meanwhile. */
  double companySeconds() {
    return companySeconds;
  }

  /** Memory of all processes at the end of an idle job. */
  public double idleMib() {
    return idleMib;
  }

  /** Of that, the guest's RAM. */
  public double sharedMib() {
    return sharedMib;
  }

  /** Resident memory of the first process at the end of an idle job. */
  double launcherMib() {
    return launcherMib;
  }

  /** Why a command that prints nothing did not do; empty if it did. */
  Optional<String> exitFailure() {
    if (late) {
      return failure();
    }
    int status = process.exitValue();
    return status == 0 ? Optional.empty() : Optional.of("one command ended with status " + status);
  }
}
