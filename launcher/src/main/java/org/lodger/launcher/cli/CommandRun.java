// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.util.List;
import org.lodger.launcher.Guest;
import org.lodger.launcher.agent.CommandSession;
import org.lodger.launcher.console.GuestConsole;
import org.lodger.launcher.process.GuestEnd;
import org.lodger.virtio.console.ConsoleDevice;
import org.lodger.virtio.console.ConsolePort;

/** A guest that runs one command and powers off. */
record CommandRun(Guest guest, Devices devices, List<String> command, boolean showConsole) {
  /** As with env, timeout and others that run a command: it is not the command that failed. */
  private static final int EXIT_NO_COMMAND = 125;

  int run() throws InterruptedException {
    OutputStream screen =
        showConsole ? new FileOutputStream(FileDescriptor.err) : OutputStream.nullOutputStream();
    GuestConsole console = new GuestConsole(screen, false);
    devices.addTo(ConsoleDevice.terminal("console", new ConsolePort("console", console)));
    CommandSession session = new CommandSession(command);
    guest.add(session.device());
    StopSignals signals = new StopSignals(session::signal, signal -> guest.kill());
    session.start();
    GuestEnd end = guest.run(console.early());
    guest.close();
    console.close();
    EndReport.print(end, guest, showConsole ? "" : console.lastLines(EndReport.LINES));
    if (end.killed()) {
      return signals.exitStatus(end.exitStatus());
    }
    return end.powerOff() || end.reboot() ? status(session) : end.exitStatus();
  }

  private static int status(CommandSession session) {
    if (session.failure() != null) {
      System.err.println("lodger: " + session.failure());
      return EXIT_NO_COMMAND;
    }
    if (session.status().isEmpty()) {
      System.err.println("lodger: the guest went down before the command ended");
      return EXIT_NO_COMMAND;
    }
    return session.status().getAsInt();
  }
}
