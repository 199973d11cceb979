// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.growth;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.lodger.bench.ProcessTree;
import org.lodger.bench.Refusal;

/**
 * Guests that share one processor and all have the same work to do: start short programs. They come
 * one after another and stay; each step doubles their number.
 */
final class BusyGuests implements AutoCloseable {
  private static final String WORK =
      "echo ready; while read go; do i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i + 1)); done;"
          + " echo done; done";
  private static final long END_S = 20;

  private final List<String> command;
  private final List<Worker> workers = new ArrayList<>();

  /** {@code prefix} is a command line that runs in a guest what follows. */
  BusyGuests(List<String> prefix) {
    command = new ArrayList<>(prefix);
    command.addAll(List.of("sh", "-c", WORK));
  }

  private record Worker(Process process, BufferedReader out, Writer in) {
    static Worker start(List<String> command) {
      try {
        Process process =
            new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        return new Worker(process, process.inputReader(), process.outputWriter());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void expect(String word) {
      try {
        String line = out.readLine();
        if (!word.equals(line)) {
          throw new Refusal("a busy guest said " + line + " instead of " + word);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void go() {
      try {
        in.write('\n');
        in.flush();
      } catch (IOException e) {
        throw new Refusal("a busy guest has ended");
      }
    }
  }

  void growTo(int guests) {
    while (workers.size() < guests) {
      Worker worker = Worker.start(command);
      workers.add(worker);
      worker.expect("ready");
    }
  }

  /** How long all of them take for the work, in seconds. */
  double work() {
    long start = System.nanoTime();
    workers.forEach(Worker::go);
    workers.forEach(worker -> worker.expect("done"));
    return (System.nanoTime() - start) / 1e9;
  }

  double memoryMib() {
    return workers.stream()
        .mapToDouble(w -> new ProcessTree(Path.of("/proc"), w.process().pid()).memoryMib())
        .sum();
  }

  /** One after another: thousands of seccomp filters that end at once stall some hosts. */
  @Override
  public void close() throws InterruptedException {
    for (Worker worker : workers) {
      try {
        worker.in().close();
      } catch (IOException e) {
        worker.process().destroy(); // it does not listen
      }
      if (!worker.process().waitFor(END_S, TimeUnit.SECONDS)) {
        worker.process().destroyForcibly();
      }
    }
  }
}
