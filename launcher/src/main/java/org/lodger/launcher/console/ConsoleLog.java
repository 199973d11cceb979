// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.console;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.lodger.virtio.console.GuestOutput;

/**
 * Keeps the last of what a console showed, in two files: when the newer one is full it takes the
 * older one's place. Between {@link #FILE_BYTES} and twice as many bytes are there at any time.
 */
public final class ConsoleLog implements GuestOutput {
  public static final int FILE_BYTES = 512 << 10;

  private final Path newer;
  private final Path older;
  private OutputStream out;
  private int written;

  public ConsoleLog(Path newer, Path older) {
    this.newer = newer;
    this.older = older;
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
    int end = offset + length;
    while (offset < end) {
      if (out == null || written == FILE_BYTES) {
        startFile();
      }
      int part = Math.min(end - offset, FILE_BYTES - written);
      out.write(bytes, offset, part);
      written += part;
      offset += part;
    }
  }

  private void startFile() throws IOException {
    if (out != null) {
      out.close();
      Files.move(newer, older, StandardCopyOption.REPLACE_EXISTING);
    }
    out = Files.newOutputStream(newer);
    written = 0;
  }
}
