// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.system;

import java.util.List;
import java.util.Optional;
import org.lodger.bench.Group;

/** One way to run the programs of the benchmark's root: boot this root, with this job. */
public interface SystemUnderTest {
  /** As the user writes it after --systems. */
  String name();

  /** One line that tells a reader of the report what this is. */
  String description();

  /** Which version runs, once {@link #whyNot} is empty. */
  String version();

  /** Why it cannot run on this host; found out within seconds. */
  Optional<String> whyNot();

  /** Do programs run on the processor itself, so that pure computing must be as fast as native? */
  boolean runsNatively();

  /** Is it worth a column in this group? */
  default boolean takesPartIn(Group group) {
    return true;
  }

  /**
   * What a user types to run one command, which follows; empty if a system has no such way.
   *
   * @param options more options of its own
   */
  default Optional<List<String>> command(List<String> options) {
    return Optional.empty();
  }

  /**
   * What runs a command, which follows, on the measured processor: in a guest of its own with so
   * much memory, where a system has guests.
   */
  default Optional<List<String>> worker(int mib) {
    return command(List.of("--mem", mib + "M"));
  }

  /** The whole command line. It prints what the job prints, and ends when the system has ended. */
  List<String> command(Job job);
}
