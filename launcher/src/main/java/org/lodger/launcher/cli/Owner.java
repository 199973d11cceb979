// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lodger.launcher.Log;
import org.lodger.launcher.console.ConsoleLog;
import org.lodger.launcher.control.ControlApi;
import org.lodger.launcher.control.ControlServer;
import org.lodger.launcher.control.GuestFiles;
import org.lodger.launcher.control.Json;
import org.lodger.launcher.control.NameClaim;
import org.lodger.launcher.life.LiveGuest;
import org.lodger.launcher.process.GuestEnd;

/** What a guest's owner has of it: its socket, its log, and in the end how it ended. */
final class Owner {
  private final NameClaim claim;
  private final boolean detached;
  private final Log log;
  private ControlApi api;
  private ControlServer server;
  private Detached streams;

  Owner(NameClaim claim, boolean detached, Log log) {
    this.claim = claim;
    this.detached = detached;
    this.log = log;
  }

  /** Does nobody wait for the guest? */
  boolean detached() {
    return detached;
  }

  /** To be called when nothing is left that could keep the guest from starting. */
  void takeCharge(LiveGuest live) {
    GuestFiles files = claim.files();
    ConsoleLog words = new ConsoleLog(files.log(), files.olderLog());
    live.console().add(words);
    nameProcess("lodger:" + files.name());
    api = new ControlApi(live);
    server = ControlServer.start(files.socket(), api, log);
    if (detached) {
      claim.keepLog();
      streams = Detached.leave(files.name(), words);
    }
  }

  /** Only so that lists of processes tell. */
  private static void nameProcess(String name) {
    try {
      Files.writeString(Path.of("/proc/self/comm"), name);
    } catch (IOException e) {
      // Nothing depends on it.
    }
  }

  void ended(LiveGuest live, GuestEnd end, int status) throws InterruptedException {
    live.ended(end, status);
    if (detached) {
      keepEnd(Json.write(live.awaitEnd(0)));
      streams.close();
    }
    api.seeOff();
    server.close();
  }

  private void keepEnd(String ending) {
    try {
      Files.writeString(claim.files().end(), ending, StandardCharsets.UTF_8);
    } catch (IOException e) {
      log.warn("cannot write down how the guest ended: " + e.getMessage());
    }
  }
}
