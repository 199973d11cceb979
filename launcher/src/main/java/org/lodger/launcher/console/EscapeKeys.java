// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.console;

import java.io.ByteArrayOutputStream;

/** Takes the keys meant for the launcher out of what is typed; they follow Ctrl-A, as in QEMU. */
public final class EscapeKeys {
  /** What stands behind the line for Ctrl-A x. */
  public static final String HELP =
      "Ctrl-A p  press the guest's power button\r\n"
          + "Ctrl-A a  send Ctrl-A (or Ctrl-A twice)\r\n"
          + "Ctrl-A h  this help\r\n";

  private static final int CTRL_A = 1;

  /** What the keys do. */
  public interface Actions {
    void quit();

    void powerButton();

    void help();
  }

  private final Actions actions;
  private boolean escaped;

  EscapeKeys(Actions actions) {
    this.actions = actions;
  }

  /** Returns what is for the guest. */
  byte[] filter(byte[] typed, int length) {
    ByteArrayOutputStream forGuest = new ByteArrayOutputStream(length);
    for (int i = 0; i < length; i++) {
      byte key = typed[i];
      if (!escaped && key == CTRL_A) {
        escaped = true;
      } else if (!escaped) {
        forGuest.write(key);
      } else {
        escaped = false;
        act(key, forGuest);
      }
    }
    return forGuest.toByteArray();
  }

  private void act(byte key, ByteArrayOutputStream forGuest) {
    switch (key) {
      case 'x' -> actions.quit();
      case 'p' -> actions.powerButton();
      case 'c', 'h', '?' -> actions.help();
      case 'a', CTRL_A -> forGuest.write(CTRL_A);
      default -> {
        forGuest.write(CTRL_A);
        forGuest.write(key);
      }
    }
  }
}
