// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall.host;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Starts a program with the descriptors it is given, an empty environment, no signal blocked and
 * every signal at its default. The JVM leaks others of its descriptors into a child.
 */
public final class Spawn {
  // Sizes of glibc's opaque structs, which are part of its binary interface.
  private static final int SIZEOF_FILE_ACTIONS = 80;
  private static final int SIZEOF_ATTRIBUTES = 336;
  private static final int SIZEOF_SIGSET = 128;
  private static final short SETPGROUP = 0x02;
  private static final short SETSIGDEF_SETSIGMASK = 0x04 | 0x08;

  /** Above every number that a child is given, so that no dup2 overwrites a source. */
  private static final int SCRATCH_FD = 256;

  private record Move(int from, int to) {}

  private final List<Move> moves = new ArrayList<>();
  private int closeBelow;
  private short flags = SETSIGDEF_SETSIGMASK;

  /** The child's descriptor {@code to} is a duplicate of this process's {@code from}. */
  public Spawn fd(int from, int to) {
    moves.add(new Move(from, to));
    return this;
  }

  /** The child has no descriptor below {@code limit} that it was not given. */
  public Spawn noOthersBelow(int limit) {
    closeBelow = limit;
    return this;
  }

  /** A Ctrl-C at the terminal is none of the child's business. */
  public Spawn inOwnGroup() {
    flags |= SETPGROUP;
    return this;
  }

  /** Starts the program in a descriptor that is closed on exec, such as a memfd. */
  public int start(int program, String... argv) {
    int source = Host.duplicate(program, SCRATCH_FD);
    try {
      return start("/proc/self/fd/" + source, argv);
    } finally {
      Host.close(source);
    }
  }

  /**
   * Starts the program and returns its process id. Its parent-death signal is tied to the calling
   * thread.
   */
  public int start(String path, String... argv) {
    byte[] actions = new byte[SIZEOF_FILE_ACTIONS];
    byte[] attributes = new byte[SIZEOF_ATTRIBUTES];
    byte[] all = new byte[SIZEOF_SIGSET];
    Arrays.fill(all, (byte) -1);
    List<Integer> scratch = new ArrayList<>();
    Host.C.posix_spawn_file_actions_init(actions);
    try {
      for (Move move : moves) {
        int source = Host.duplicate(move.from(), SCRATCH_FD);
        scratch.add(source);
        ok(Host.C.posix_spawn_file_actions_adddup2(actions, source, move.to()), "posix_spawn");
      }
      closeOthers(actions);
      Host.C.posix_spawnattr_init(attributes);
      Host.C.posix_spawnattr_setflags(attributes, flags);
      Host.C.posix_spawnattr_setsigmask(attributes, new byte[SIZEOF_SIGSET]);
      Host.C.posix_spawnattr_setsigdefault(attributes, all);
      int[] pid = new int[1];
      ok(
          Host.C.posix_spawn(pid, path, actions, attributes, argv, new String[0], 0),
          "posix_spawn " + path);
      return pid[0];
    } finally {
      Host.C.posix_spawn_file_actions_destroy(actions);
      scratch.forEach(Host::close);
    }
  }

  private void closeOthers(byte[] actions) {
    for (int fd = 0; fd < closeBelow; fd++) {
      int number = fd;
      if (moves.stream().noneMatch(move -> move.to() == number)) {
        ok(Host.C.posix_spawn_file_actions_addclose(actions, fd), "posix_spawn");
      }
    }
  }

  /** These functions return the error instead of setting errno. */
  private static void ok(int error, String call) {
    if (error != 0) {
      throw Host.failed(error, call);
    }
  }
}
