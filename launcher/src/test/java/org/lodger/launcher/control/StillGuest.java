// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import org.lodger.launcher.Guest;
import org.lodger.launcher.Log;
import org.lodger.launcher.boot.ElfBuilder;
import org.lodger.launcher.console.GuestConsole;
import org.lodger.launcher.life.LiveGuest;
import org.lodger.launcher.process.Isolation;
import org.lodger.launcher.process.Programs;
import org.lodger.virtio.console.ConsoleDevice;
import org.lodger.virtio.console.ConsolePort;

/** A guest that has been made and never runs. */
final class StillGuest {
  static final Log LOG = Log.open(null, false);

  private static final Programs PROGRAMS = new Programs(Isolation.PROCESS, true, Programs.MANY);

  private StillGuest() {}

  static LiveGuest make(Path dir) throws IOException {
    Path kernel = new ElfBuilder().write(dir.resolve("kernel"));
    Guest guest =
        new Guest(
            new Guest.Plan(
                "still", kernel, 32 << 20, new byte[0], "", "any", PROGRAMS, false),
            LOG);
    GuestConsole console = new GuestConsole(OutputStream.nullOutputStream(), false);
    ConsolePort port = new ConsolePort("console", console);
    ConsoleDevice device = ConsoleDevice.terminal("console", port);
    guest.add(device);
    return new LiveGuest(guest, console, port, device);
  }

  /** The same, where whoever types learns that nobody will ever read it. */
  static LiveGuest makeDeaf(Path dir) throws IOException {
    GuestConsole console = new GuestConsole(OutputStream.nullOutputStream(), false);
    ConsolePort port = new ConsolePort("console", console);
    ConsoleDevice.terminal("console", port).close();
    LiveGuest live = make(dir);
    return new LiveGuest(live.guest(), console, port, ConsoleDevice.terminal("console", port));
  }
}
