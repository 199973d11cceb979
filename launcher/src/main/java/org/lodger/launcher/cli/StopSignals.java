// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.util.List;
import java.util.function.IntConsumer;
import sun.misc.Signal;

/**
 * What the signals that would end the launcher do: each one takes the next step. After the last
 * step the launcher ends, and its guest with it.
 */
final class StopSignals {
  private static final List<String> NAMES = List.of("INT", "TERM", "HUP");

  private final List<IntConsumer> steps;
  private int taken;
  private int last;

  StopSignals(IntConsumer... steps) {
    this.steps = List.of(steps);
    for (String name : NAMES) {
      Signal.handle(new Signal(name), signal -> received(signal.getNumber()));
    }
  }

  private synchronized void received(int signal) {
    last = signal;
    if (taken == steps.size()) {
      System.exit(128 + signal);
    }
    steps.get(taken++).accept(signal);
  }

  /** The exit status of a launcher whose guest was killed. */
  synchronized int exitStatus(int otherwise) {
    return last == 0 ? otherwise : 128 + last;
  }
}
