// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.nio.file.Path;
import java.util.function.Consumer;
import org.lodger.launcher.UsageException;
import org.lodger.virtio.block.CacheMode;
import org.lodger.virtio.block.DiskFile;

/** One --disk: FILE[,ro][,serial=TEXT][,cache=MODE]. A comma in the file's name is doubled. */
record DiskOption(Path file, boolean readOnly, String serial, CacheMode cache) {
  static DiskOption plain(Path file) {
    return new DiskOption(file, false, "", CacheMode.WRITEBACK);
  }

  static DiskOption parse(String text) {
    String[] parts = text.split("(?<!,),(?!,)");
    boolean readOnly = false;
    String serial = "";
    CacheMode cache = CacheMode.WRITEBACK;
    for (int i = 1; i < parts.length; i++) {
      String part = parts[i];
      if (part.equals("ro")) {
        readOnly = true;
      } else if (part.startsWith("serial=")) {
        serial = part.substring("serial=".length());
      } else if (part.startsWith("cache=")) {
        cache = cacheMode(part.substring("cache=".length()));
      } else {
        throw new UsageException(
            "--disk " + text + ": unknown part " + part + "; known are ro, serial=, cache=");
      }
    }
    return new DiskOption(Path.of(parts[0].replace(",,", ",")), readOnly, serial, cache);
  }

  private static CacheMode cacheMode(String name) {
    return switch (name) {
      case "none" -> CacheMode.NONE;
      case "writeback" -> CacheMode.WRITEBACK;
      case "writethrough" -> CacheMode.WRITETHROUGH;
      default ->
          throw new UsageException(
              "cache=" + name + " is unknown; choose none, writeback or writethrough");
    };
  }

  DiskFile open(Consumer<String> log) {
    return DiskFile.open(file, readOnly, cache, log);
  }
}
