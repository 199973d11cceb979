// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.lodger.launcher.UsageException;
import org.lodger.virtio.block.CacheMode;
import org.lodger.virtio.block.DiskFile;

/** One --disk: FILE[,ro][,serial=TEXT][,cache=MODE]. A comma in the file's name is doubled. */
record DiskOption(Path file, boolean readOnly, String serial, CacheMode cache) {
  private static final Pattern PART = Pattern.compile("(?:[^,]|,,)+");

  static DiskOption plain(Path file) {
    return new DiskOption(file, false, "", CacheMode.WRITEBACK);
  }

  static DiskOption parse(String text) {
    List<String> parts = PART.matcher(text).results().map(MatchResult::group).toList();
    if (parts.isEmpty()) {
      throw new UsageException("--disk names no file");
    }
    boolean readOnly = false;
    String serial = "";
    CacheMode cache = CacheMode.WRITEBACK;
    for (String part : parts.subList(1, parts.size())) {
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
    return new DiskOption(Path.of(parts.get(0).replace(",,", ",")), readOnly, serial, cache);
  }

  static CacheMode cacheMode(String name) {
    return switch (name) {
      case "none" -> CacheMode.NONE;
      case "writeback" -> CacheMode.WRITEBACK;
      case "writethrough" -> CacheMode.WRITETHROUGH;
      default ->
          throw new UsageException(
              "cache=" + name + " is unknown; choose none, writeback or writethrough");
    };
  }

  /** What to call it; a descriptor's number tells nobody anything. */
  String shownFile() {
    return file.startsWith("/proc") ? "(temporary)" : file.toAbsolutePath().toString();
  }

  DiskFile open(Consumer<String> log) {
    return DiskFile.open(file, readOnly, cache, log);
  }
}
