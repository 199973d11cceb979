// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall.host;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Terminal settings of a descriptor. */
public final class Tty {
  private static final int SIZEOF_TERMIOS = 60;
  private static final int TCSADRAIN = 1;
  private static final long TIOCGWINSZ = 0x5413;

  private Tty() {}

  public static boolean isTerminal(int fd) {
    return Host.C.isatty(fd) == 1;
  }

  /** The settings, to be given back to {@link #set}. */
  public static byte[] get(int fd) {
    byte[] termios = new byte[SIZEOF_TERMIOS];
    Host.check(Host.C.tcgetattr(fd, termios), "tcgetattr");
    return termios;
  }

  public static void set(int fd, byte[] termios) {
    Host.check(Host.C.tcsetattr(fd, TCSADRAIN, termios), "tcsetattr");
  }

  /** A copy of the settings that passes every key and every byte through. */
  public static byte[] raw(byte[] termios) {
    byte[] raw = termios.clone();
    Host.C.cfmakeraw(raw);
    return raw;
  }

  public record Size(int columns, int rows) {}

  public static Size size(int fd) {
    byte[] winsize = new byte[8];
    Host.check(Host.C.ioctl(fd, TIOCGWINSZ, winsize), "ioctl");
    ByteBuffer words = ByteBuffer.wrap(winsize).order(ByteOrder.LITTLE_ENDIAN);
    return new Size(words.getShort(2) & 0xffff, words.getShort(0) & 0xffff);
  }
}
