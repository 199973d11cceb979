// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.util.List;
import org.lodger.launcher.Guest;
import org.lodger.launcher.Log;
import org.lodger.launcher.life.LiveGuest;
import org.lodger.launcher.net.NetOption;
import org.lodger.virtio.balloon.BalloonDevice;
import org.lodger.virtio.block.BlockDevice;
import org.lodger.virtio.console.ConsoleDevice;
import org.lodger.virtio.net.NetDevice;
import org.lodger.virtio.rng.RngDevice;

/** The devices that every guest has, besides its console. */
record Devices(
    Guest guest,
    List<DiskOption> disks,
    List<NetOption> nets,
    List<ShareOption> shares,
    VsockOption vsock,
    Log log) {
  /** Guests number devices of a kind in this order, so the console comes first. */
  void addTo(ConsoleDevice console, LiveGuest live) {
    guest.add(console);
    char letter = 'a';
    for (DiskOption disk : disks) {
      String name = "vd" + letter++;
      guest.add(new BlockDevice(name, guest.ram(), disk.open(log::warn), disk.serial(), log::warn));
      live.disks().add(new LiveGuest.Disk(name, disk.file().toString(), disk.readOnly()));
    }
    for (int i = 0; i < nets.size(); i++) {
      NetDevice card = nets.get(i).open(guest.name(), i, guest.ram(), log::warn);
      guest.add(card);
      live.networks().add(nets.get(i).describe(card, i));
    }
    guest.add(new RngDevice(guest.ram()));
    live.balloon(new BalloonDevice(guest.ram()));
    guest.add(live.balloon());
    for (ShareOption share : shares) {
      guest.add(share.open(guest.name(), log));
    }
    if (vsock != null) {
      guest.add(vsock.open(guest.name()));
    }
  }
}
