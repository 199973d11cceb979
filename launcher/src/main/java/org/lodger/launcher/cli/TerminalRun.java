// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import org.lodger.launcher.Guest;
import org.lodger.launcher.console.GuestConsole;
import org.lodger.launcher.console.Terminal;
import org.lodger.launcher.process.GuestEnd;
import org.lodger.virtio.console.ConsoleDevice;
import org.lodger.virtio.console.ConsolePort;

/** A guest whose console is the user's terminal. */
record TerminalRun(Guest guest, Devices devices) {
  int run() throws InterruptedException {
    Terminal terminal = new Terminal();
    OutputStream screen = new FileOutputStream(FileDescriptor.out);
    GuestConsole console = new GuestConsole(screen, terminal.isKeyboard());
    ConsolePort port = new ConsolePort("console", console);
    ConsoleDevice device = ConsoleDevice.terminal("console", port);
    devices.addTo(device);
    StopSignals signals = new StopSignals(signal -> guest.kill());
    terminal.followSize(device);
    terminal.makeRaw();
    terminal.feed(port, guest, screen);
    GuestEnd end = guest.run(console.early());
    guest.close();
    console.close();
    terminal.restore();
    String unseen = terminal.showsOutput() ? "" : console.lastLines(EndReport.LINES);
    EndReport.print(end, guest, unseen);
    return end.killed() ? signals.exitStatus(end.exitStatus()) : end.exitStatus();
  }
}
