// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.life;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.lodger.launcher.Guest;
import org.lodger.launcher.console.GuestConsole;
import org.lodger.launcher.process.GuestEnd;
import org.lodger.virtio.VirtioDevice;
import org.lodger.virtio.balloon.BalloonDevice;
import org.lodger.virtio.console.ConsoleDevice;
import org.lodger.virtio.console.ConsolePort;

/** A guest as its owner knows and steers it while it lives. Any thread may call any method. */
public final class LiveGuest {
  private final Guest guest;
  private final long start = System.nanoTime();
  private final Plugged<Disk> disks = new Plugged<>(LiveGuest::diskName);
  private final Plugged<Network> networks = new Plugged<>(i -> "eth" + i);
  private final CompletableFuture<Ending> ending = new CompletableFuture<>();
  private final GuestConsole console;
  private final ConsolePort keyboard;
  private final ConsoleDevice terminal;
  private volatile Runnable powerButton;
  private volatile BalloonDevice balloon;
  private volatile DiskMaker diskMaker;
  private volatile NetworkMaker networkMaker;

  /** One of its disks, by the name that guests give it. */
  public record Disk(String id, String file, boolean readOnly) {}

  /** One of its network cards: what --net said, and what is known of it. */
  public record Network(String id, String net, String mac, String address) {}

  public LiveGuest(
      Guest guest, GuestConsole console, ConsolePort keyboard, ConsoleDevice terminal) {
    this.guest = guest;
    this.console = console;
    this.keyboard = keyboard;
    this.terminal = terminal;
    powerButton = guest::pressPowerButton;
    guest.onUnplugged(
        device -> {
          disks.remove(device);
          networks.remove(device);
        });
  }

  public Guest guest() {
    return guest;
  }

  public GuestConsole console() {
    return console;
  }

  /** Takes what is typed at the console. */
  public ConsolePort keyboard() {
    return keyboard;
  }

  public void resizeTerminal(int columns, int rows) {
    terminal.resize(columns, rows);
  }

  public Plugged<Disk> disks() {
    return disks;
  }

  public Plugged<Network> networks() {
    return networks;
  }

  /** Null if it has none. */
  public BalloonDevice balloon() {
    return balloon;
  }

  public void balloon(BalloonDevice device) {
    balloon = device;
  }

  /** vda to vdz, then vdaa and so on. */
  private static String diskName(int i) {
    String last = String.valueOf((char) ('a' + i % 26));
    return i < 26 ? "vd" + last : diskName(i / 26 - 1) + last;
  }

  /** How disks are made for a guest that runs. */
  public interface DiskMaker {
    /** Opens the file, and adds the disk to those of the guest. */
    VirtioDevice make(Path file, boolean readOnly, String serial, String cache);
  }

  /** How network cards are made for a guest that runs, of what --net would say. */
  public interface NetworkMaker {
    VirtioDevice make(String net);
  }

  public void networkMaker(NetworkMaker maker) {
    networkMaker = maker;
  }

  public NetworkMaker networkMaker() {
    return networkMaker;
  }

  public void diskMaker(DiskMaker maker) {
    diskMaker = maker;
  }

  public DiskMaker diskMaker() {
    return diskMaker;
  }

  /**
   * Adds a device, which is listed already, to the guest that runs.
   *
   * @return whether its driver uses the device by now
   */
  public <T> boolean plug(Plugged<T> kind, VirtioDevice device, long millis)
      throws InterruptedException {
    try {
      guest.plug(device);
    } catch (RuntimeException e) {
      kind.remove(device);
      device.close();
      throw e;
    }
    return guest.awaitDriver(device, guest.isPaused() ? 0 : millis);
  }

  /** What became of a wish to take a device away. */
  public enum Unplugged {
    DONE,
    /** The guest has not let go of it yet. */
    WAITING,
    /** There is no such device. */
    UNKNOWN
  }

  public <T> Unplugged unplug(Plugged<T> kind, String name, long millis)
      throws InterruptedException {
    VirtioDevice device = kind.device(name);
    if (device == null) {
      return Unplugged.UNKNOWN;
    }
    return guest.unplug(device, millis) ? Unplugged.DONE : Unplugged.WAITING;
  }

  /** Since the launcher made it, in nanoseconds. */
  public long age() {
    return System.nanoTime() - start;
  }

  /** What the power button does, where that is not the guest kernel's affair. */
  public void powerButton(Runnable action) {
    powerButton = action;
  }

  /** Asks the guest to end; it may take its time, or not do it at all. */
  public void pressPowerButton() {
    powerButton.run();
  }

  public String state() {
    if (ending.isDone()) {
      return "ended";
    }
    if (guest.isPaused()) {
      return "paused";
    }
    return guest.usage() == null ? "starting" : "running";
  }

  public void ended(GuestEnd end, int exitStatus) {
    ending.complete(Ending.of(end, guest.wasKilled(), exitStatus));
  }

  /** Waits for the guest's end; null if that does not come in time. */
  public Ending awaitEnd(long millis) throws InterruptedException {
    try {
      return ending.get(millis, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      return null;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }
}
