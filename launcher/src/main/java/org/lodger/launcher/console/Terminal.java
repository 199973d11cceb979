// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.console;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import org.lodger.hypercall.host.HostException;
import org.lodger.hypercall.host.Tty;
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
  public void followSize(Resize resize) {
    if (showsOutput()) {
      tellSize(resize);
      Signal.handle(new Signal("WINCH"), signal -> tellSize(resize));
    }
  }

  /** Wants to know the size of the terminal, in characters. */
  public interface Resize {
    void to(int columns, int rows);
  }

  private static void tellSize(Resize resize) {
    try {
      Tty.Size size = Tty.size(STDOUT);
      resize.to(size.columns(), size.rows());
    } catch (HostException e) {
      // The terminal has gone; so has the need to know its size.
    }
  }

  /** Takes what is typed. */
  public interface Typing {
    /** Returns false when nobody wants any more. */
    boolean send(byte[] bytes, int offset, int length) throws IOException, InterruptedException;
  }

  /** Sends on what is typed, on a thread of its own, but for the keys that mean an action. */
  public void feed(Typing typing, EscapeKeys.Actions actions) {
    Thread thread = new Thread(() -> read(typing, new EscapeKeys(actions)), "keyboard");
    thread.setDaemon(true);
    thread.start();
  }

  private void read(Typing typing, EscapeKeys keys) {
    byte[] typed = new byte[4096];
    InputStream in = new FileInputStream(FileDescriptor.in);
    try {
      int n;
      while ((n = in.read(typed)) > 0) {
        byte[] forGuest = keyboard ? keys.filter(typed, n) : typed;
        int length = keyboard ? forGuest.length : n;
        if (!typing.send(forGuest, 0, length)) {
          return;
        }
      }
    } catch (IOException | InterruptedException e) {
      // Nothing more can be typed; the guest goes on without.
    }
  }
}
