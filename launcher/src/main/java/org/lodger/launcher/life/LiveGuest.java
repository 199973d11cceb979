// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.life;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.lodger.launcher.Guest;
import org.lodger.launcher.console.GuestConsole;
import org.lodger.launcher.process.GuestEnd;
import org.lodger.virtio.balloon.BalloonDevice;
import org.lodger.virtio.console.ConsoleDevice;
import org.lodger.virtio.console.ConsolePort;

/** A guest as its owner knows and steers it while it lives. Any thread may call any method. */
public final class LiveGuest {
  private final Guest guest;
  private final long start = System.nanoTime();
  private final List<Disk> disks = new CopyOnWriteArrayList<>();
  private final List<Network> networks = new CopyOnWriteArrayList<>();
  private final CompletableFuture<Ending> ending = new CompletableFuture<>();
  private final GuestConsole console;
  private final ConsolePort keyboard;
  private final ConsoleDevice terminal;
  private volatile Runnable powerButton;
  private volatile BalloonDevice balloon;

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

  public List<Disk> disks() {
    return disks;
  }

  public List<Network> networks() {
    return networks;
  }

  /** Null if it has none. */
  public BalloonDevice balloon() {
    return balloon;
  }

  public void balloon(BalloonDevice device) {
    balloon = device;
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
