// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.p9;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Any program as a file server, the worst ones included. */
final class ProcessServer implements FileServer {
  static final int OWNER = 7;

  final List<Process> started = new ArrayList<>();
  private final String[] command;

  ProcessServer(String... command) {
    this.command = command;
  }

  /** Answers the version, reads so many bytes, says these words, and stays. */
  static ProcessServer saying(int after, byte[] words) {
    return script(after, words, "exec sleep 1000");
  }

  /** The same, but it ends after its words. */
  static ProcessServer ending(int after, byte[] words) {
    return script(after, words, "exit 1");
  }

  private static ProcessServer script(int after, byte[] words, String then) {
    StringBuilder octal = new StringBuilder();
    for (byte b : words) {
      octal.append(String.format("\\%03o", b & 0xff));
    }
    String script = "head -c 13; head -c " + after + " >/dev/null; printf '" + octal + "'; " + then;
    return new ProcessServer("sh", "-c", script);
  }

  @Override
  public synchronized Process start() throws IOException {
    Process process = new ProcessBuilder(command).start();
    started.add(process);
    return process;
  }

  synchronized Process only() {
    if (started.size() != 1) {
      throw new AssertionError(started.size() + " servers were started");
    }
    return started.get(0);
  }

  @Override
  public String root() {
    return "/root";
  }

  @Override
  public int owner() {
    return OWNER;
  }
}
