// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.lodger.launcher.UsageException;

/**
 * The files of one name in the {@link RuntimeFolder}: {@code NAME.lock}, which a living guest holds
 * locked; {@code NAME.sock}, its control socket; {@code NAME.log}, what its console said; {@code
 * NAME.end}, how a detached guest ended.
 */
public record GuestFiles(Path folder, String name) {
  static final String LOCK = ".lock";

  /** Names are words in lists of processes, parts of paths and of host names. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,47}");

  /** What the host leaves for a path in {@code struct sockaddr_un}, with its final zero. */
  private static final int SOCKET_PATH_MAX = 107 - ControlServer.NEW.length();

  public GuestFiles {
    if (!NAME.matcher(name).matches()) {
      throw new UsageException(
          "a guest cannot be called '"
              + name.replaceAll("\\p{Cntrl}", "?")
              + "': use up to 48 letters, digits, dots, - and _, a letter or digit first");
    }
  }

  /** Those of a guest of this user. */
  public static GuestFiles of(String name) {
    return new GuestFiles(RuntimeFolder.find(), name);
  }

  public Path socket() {
    Path socket = file(".sock");
    if (socket.toString().getBytes(StandardCharsets.UTF_8).length > SOCKET_PATH_MAX) {
      throw new UsageException(
          socket + " is too long for a socket; set XDG_RUNTIME_DIR to a shorter path");
    }
    return socket;
  }

  Path lock() {
    return file(LOCK);
  }

  public Path log() {
    return file(".log");
  }

  /** The older half of the log. */
  public Path olderLog() {
    return file(".log.1");
  }

  public Path end() {
    return file(".end");
  }

  private Path file(String suffix) {
    return folder.resolve(name + suffix);
  }
}
