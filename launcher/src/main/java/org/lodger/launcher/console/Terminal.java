// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.console;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.lodger.hypercall.host.HostException;
import org.lodger.hypercall.host.Tty;
import org.lodger.launcher.Guest;
import org.lodger.virtio.console.ConsoleDevice;
import org.lodger.virtio.console.ConsolePort;
import sun.misc.Signal;

/** The user's terminal, or whatever stdin and stdout are, as a guest's console. */
public final class Terminal {
  private static final int STDIN = 0;
  private static final int STDOUT = 1;

  private final boolean keyboard = Tty.isTerminal(STDIN);
  private byte[] cooked;

  /** Is somebody typing? Then lines need carriage returns while a guest has the terminal. */
  public boolean isKeyboard() {
    return keyboard;
  }

  /** Does the user see what goes to stdout? */
  public boolean showsOutput() {
    return Tty.isTerminal(STDOUT);
  }

  /** Hands every key to the guest, until {@link #restore}. Whatever ends us restores it too. */
  public void makeRaw() {
    if (keyboard) {
      cooked = Tty.get(STDIN);
      Runtime.getRuntime().addShutdownHook(new Thread(this::restore));
      Tty.set(STDIN, Tty.raw(cooked));
    }
  }

  public synchronized void restore() {
    if (cooked != null) {
      Tty.set(STDIN, cooked);
      cooked = null;
    }
  }

  /** Tells the guest how big the terminal is, now and whenever that changes. */
  public void followSize(ConsoleDevice console) {
    if (showsOutput()) {
      tellSize(console);
      Signal.handle(new Signal("WINCH"), signal -> tellSize(console));
    }
  }

  private static void tellSize(ConsoleDevice console) {
    try {
      Tty.Size size = Tty.size(STDOUT);
      console.resize(size.columns(), size.rows());
    } catch (HostException e) {
      // The terminal has gone; so has the need to know its size.
    }
  }

  /** Sends what is typed to the port, on a thread of its own. */
  public void feed(ConsolePort port, Guest guest, OutputStream screen) {
    Thread thread = new Thread(() -> read(port, guest, screen), "keyboard");
    thread.setDaemon(true);
    thread.start();
  }

  private void read(ConsolePort port, Guest guest, OutputStream screen) {
    EscapeKeys keys = new EscapeKeys(new GuestKeys(guest, screen));
    byte[] typed = new byte[4096];
    InputStream in = new FileInputStream(FileDescriptor.in);
    try {
      int n;
      while ((n = in.read(typed)) > 0) {
        byte[] forGuest = keyboard ? keys.filter(typed, n) : typed;
        int length = keyboard ? forGuest.length : n;
        if (!port.send(forGuest, 0, length)) {
          return;
        }
      }
    } catch (IOException | InterruptedException e) {
      // Nothing more can be typed; the guest goes on without.
    }
  }

  private record GuestKeys(Guest guest, OutputStream screen) implements EscapeKeys.Actions {
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
        screen.write(EscapeKeys.HELP.getBytes());
      } catch (IOException e) {
        // Nobody can read it.
      }
    }
  }
}
