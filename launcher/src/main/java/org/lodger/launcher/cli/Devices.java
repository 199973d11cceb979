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
  /**
   * Guests number devices of a kind in this order, so the console comes first.
   *
   * @return one whose driver Linux starts after the console's
   */
  RngDevice addTo(ConsoleDevice console, LiveGuest live) {
    guest.add(console);
    for (DiskOption disk : disks) {
      guest.add(make(disk, live));
    }
    for (NetOption net : nets) {
      guest.add(make(net, live));
    }
    live.diskMaker(
        (file, readOnly, serial, cache) ->
            make(new DiskOption(file, readOnly, serial, DiskOption.cacheMode(cache)), live));
    live.networkMaker(net -> make(NetOption.parse(net), live));
    RngDevice rng = new RngDevice(guest.ram());
    guest.add(rng);
    live.balloon(new BalloonDevice(guest.ram()));
    guest.add(live.balloon());
    for (ShareOption share : shares) {
      guest.add(share.open(guest.name(), log));
    }
    if (vsock != null) {
      guest.add(vsock.open(guest.name()));
    }
    return rng;
  }

  private BlockDevice make(DiskOption disk, LiveGuest live) {
    return live.disks()
        .add(
            (name, number) ->
                new BlockDevice(name, guest.ram(), disk.open(log::warn), disk.serial(), log::warn),
            (device, number) ->
                new LiveGuest.Disk(device.name(), disk.shownFile(), disk.readOnly()));
  }

  private NetDevice make(NetOption net, LiveGuest live) {
    return live.networks()
        .add(
            (name, number) -> net.open(guest.name(), number, guest.ram(), log::warn),
            net::describe);
  }
}
