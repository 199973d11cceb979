// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;
import org.lodger.hypercall.host.Spawn;
import org.lodger.hypercall.host.UnixSocket;

/**
 * One child process and the socket to it. The child ends by itself when the socket does, however
 * this process comes to its own end.
 */
public final class PasstProcess implements AutoCloseable {
  private static final int SOCKET_FD = 3;
  private static final int FD_LIMIT = 256;
  private static final int PATIENCE_MILLIS = 500;
  private static final int WORDS_MAX = 1 << 14;

  /** What it also says when nothing is wrong. */
  private static final List<String> NOISE = List.of("Failed to send", "Don't run as root");

  private final int pid;
  private final int socket;
  private final int stderr;

  private PasstProcess(int pid, int socket, int stderr) {
    this.pid = pid;
    this.socket = socket;
    this.stderr = stderr;
  }

  /**
   * Starts passt.
   *
   * @param title what lists of processes show
   * @param options besides those that say how to talk to us
   */
  public static PasstProcess start(String program, String title, List<String> options) {
    int[] pair = UnixSocket.pair();
    Host.setNonBlocking(pair[0]);
    Host.Pipe words = Host.pipe();
    // Nobody reads it until the end: a full pipe must stop neither of us.
    Host.setNonBlocking(words.writeEnd());
    Host.setNonBlocking(words.readEnd());
    int none = Host.open("/dev/null", Host.O_RDWR, 0);
    String[] own = {title, "--foreground", "--quiet", "--stderr", "--fd", "" + SOCKET_FD};
    String[] argv = new String[own.length + options.size()];
    for (int i = 0; i < argv.length; i++) {
      argv[i] = i < own.length ? own[i] : options.get(i - own.length);
    }
    try {
      Spawn spawn = new Spawn().fd(none, 0).fd(none, 1).fd(words.writeEnd(), 2);
      spawn.fd(pair[1], SOCKET_FD).noOthersBelow(FD_LIMIT).inOwnGroup();
      int pid = spawn.start(program, argv);
      return new PasstProcess(pid, pair[0], words.readEnd());
    } catch (HostException e) {
      Host.close(pair[0]);
      Host.close(words.readEnd());
      throw new NetException("cannot start passt: " + e.getMessage());
    } finally {
      Host.close(pair[1]);
      Host.close(words.writeEnd());
      Host.close(none);
    }
  }

  /** The socket, which becomes the caller's. Nothing on it waits. */
  int socket() {
    return socket;
  }

  /** What passt said last on stderr. */
  String lastWords() {
    byte[] buffer = new byte[WORDS_MAX];
    StringBuilder words = new StringBuilder();
    try {
      for (int n = Host.read(stderr, buffer); n > 0; n = Host.read(stderr, buffer)) {
        words.append(new String(buffer, 0, n, StandardCharsets.UTF_8));
      }
    } catch (HostException e) {
      // It has not closed its end yet: what there is will do.
    }
    return words
        .toString()
        .lines()
        .filter(line -> !line.isBlank() && NOISE.stream().noneMatch(line::startsWith))
        .reduce("", (before, line) -> line);
  }

  /** Ends the child, which may first deliver what it has. The socket must be closed before. */
  @Override
  public void close() {
    long[] polls = {Host.pollFor(stderr, 0)};
    if (Host.poll(polls, 1, PATIENCE_MILLIS) == 0) {
      kill();
    }
    Host.waitpid(pid);
    Host.close(stderr);
  }

  private void kill() {
    try {
      Host.kill(pid, Host.SIGKILL);
    } catch (HostException e) {
      // It has just ended.
    }
  }
}
