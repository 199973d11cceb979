// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.lodger.launcher.Guest;
import org.lodger.launcher.console.EscapeKeys;
import org.lodger.launcher.console.GuestConsole;
import org.lodger.launcher.console.Terminal;
import org.lodger.launcher.life.LiveGuest;
import org.lodger.launcher.process.GuestEnd;
import org.lodger.virtio.console.ConsoleDevice;
import org.lodger.virtio.console.ConsolePort;
import org.lodger.virtio.rng.RngDevice;

/** A guest whose console is the user's terminal, or nobody's when it is detached. */
record TerminalRun(Guest guest, Devices devices, Owner owner) {
  int run() throws InterruptedException {
    Terminal terminal = new Terminal();
    OutputStream screen =
        owner.detached()
            ? OutputStream.nullOutputStream()
            : new FileOutputStream(FileDescriptor.out);
    GuestConsole console = new GuestConsole(screen, terminal.isKeyboard());
    ConsolePort port = new ConsolePort("console", console);
    ConsoleDevice device = ConsoleDevice.terminal("console", port);
    LiveGuest live = new LiveGuest(guest, console, port, device);
    RngDevice next = devices.addTo(device, live);
    StopSignals signals = new StopSignals(signal -> guest.kill());
    owner.takeCharge(live);
    terminal.followSize(device::resize);
    terminal.makeRaw();
    if (!owner.detached()) {
      terminal.feed(new Typist(guest, next, port), new Keys(guest, screen));
    }
    GuestEnd end = guest.run(console.early());
    guest.close();
    console.close();
    terminal.restore();
    boolean seen = owner.detached() || terminal.showsOutput();
    EndReport.print(end, guest, seen ? "" : console.lastLines(EndReport.LINES));
    int status = end.killed() ? signals.exitStatus(end.exitStatus()) : end.exitStatus();
    owner.ended(live, end, status);
    return status;
  }

  private record Keys(Guest guest, OutputStream screen) implements EscapeKeys.Actions {
    private static final String HELP = "\r\nCtrl-A x  end the guest at once\r\n" + EscapeKeys.HELP;

    @Override
    public void quit() {
      guest.kill();
    }

    @Override
    public void powerButton() {
      guest.pressPowerButton();
    }

    @Override
    public void help() {
      try {
        screen.write(HELP.getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        // Nobody can read it.
      }
    }
  }
}
