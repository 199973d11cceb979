// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.util.List;
import org.lodger.launcher.Guest;
import org.lodger.launcher.agent.CommandSession;
import org.lodger.launcher.console.GuestConsole;
import org.lodger.launcher.life.LiveGuest;
import org.lodger.launcher.process.GuestEnd;
import org.lodger.virtio.console.ConsoleDevice;
import org.lodger.virtio.console.ConsolePort;

/** A guest that runs one command and powers off. */
record CommandRun(
    Guest guest, Devices devices, Owner owner, List<String> command, boolean showConsole) {
  /** As with env, timeout and others that run a command: it is not the command that failed. */
  private static final int EXIT_NO_COMMAND = 125;

  private static final int SIGTERM = 15;

  int run() throws InterruptedException {
    OutputStream screen =
        showConsole && !owner.detached()
            ? new FileOutputStream(FileDescriptor.err)
            : OutputStream.nullOutputStream();
    GuestConsole console = new GuestConsole(screen, false);
    ConsolePort port = new ConsolePort("console", console);
    ConsoleDevice device = ConsoleDevice.terminal("console", port);
    LiveGuest live = new LiveGuest(guest, console, port, device);
    devices.addTo(device, live);
    CommandSession session = new CommandSession(command);
    guest.add(session.device());
    StopSignals signals = new StopSignals(session::signal, signal -> guest.kill());
    // There is no init that could shut down; but when the command ends, the guest does.
    live.powerButton(() -> session.signal(SIGTERM));
    owner.takeCharge(live);
    session.start();
    GuestEnd end = guest.run(console.early());
    guest.close();
    console.close();
    boolean seen = showConsole || owner.detached();
    EndReport.print(end, guest, seen ? "" : console.lastLines(EndReport.LINES));
    int status = status(end, session, signals);
    owner.ended(live, end, status);
    return status;
  }

  private static int status(GuestEnd end, CommandSession session, StopSignals signals) {
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
