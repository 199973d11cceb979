// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import org.lodger.hypercall.host.Tty;

/**
 * The launcher's log: one line an event, with seconds since the start. A logging framework would
 * cost a tenth of the whole start-up.
 */
public final class Log implements AutoCloseable {
  private final long start = System.nanoTime();
  private final PrintStream out;
  private final boolean ownsOut;
  private final String lineEnd;
  private final boolean tracing;

  private Log(PrintStream out, boolean ownsOut, String lineEnd, boolean tracing) {
    this.out = out;
    this.ownsOut = ownsOut;
    this.lineEnd = lineEnd;
    this.tracing = tracing;
  }

  /** Writes to the file, or to stderr if that is null. */
  public static Log open(Path file, boolean tracing) {
    if (file == null) {
      // The terminal may be raw while a guest has it.
      return new Log(System.err, false, Tty.isTerminal(2) ? "\r\n" : "\n", tracing);
    }
    try {
      PrintStream out = new PrintStream(new FileOutputStream(file.toFile()), true);
      return new Log(out, true, "\n", tracing);
    } catch (IOException e) {
      throw new UsageException("cannot write the log file " + file + ": " + e.getMessage());
    }
  }

  /** Something the user should know. */
  public void warn(String message) {
    line(message);
  }

  /** Is {@link #trace} worth calling? */
  public boolean tracing() {
    return tracing;
  }

  /** An event that only --verbose shows. */
  public void trace(String message) {
    if (tracing) {
      line(message);
    }
  }

  private void line(String message) {
    double seconds = (System.nanoTime() - start) / 1e9;
    out.print(String.format("lodger: [%9.6f] %s%s", seconds, message, lineEnd));
  }

  @Override
  public void close() {
    if (ownsOut) {
      out.close();
    }
  }
}
