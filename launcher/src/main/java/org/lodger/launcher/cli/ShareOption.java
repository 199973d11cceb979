// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lodger.launcher.Log;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.share.Diod;
import org.lodger.virtio.p9.P9Device;

/** One --share: TAG=DIR[,ro]. A comma in the directory's name is doubled. */
record ShareOption(String tag, Path folder, boolean readOnly) {
  /** The guest kernel takes tags of up to 31 bytes for the name of a mount's source. */
  private static final Pattern FORM =
      Pattern.compile("(?<tag>[A-Za-z0-9._-]{1,31})=(?<folder>(?:[^,]|,,)+)(?<ro>,ro)?");

  static List<ShareOption> parseAll(List<String> texts) {
    Set<String> tags = new HashSet<>();
    List<ShareOption> shares = texts.stream().map(ShareOption::parse).toList();
    for (ShareOption share : shares) {
      if (!tags.add(share.tag)) {
        throw new UsageException("--share " + share.tag + " is given twice; choose another tag");
      }
    }
    return shares;
  }

  static ShareOption parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new UsageException(
          "--share "
              + text
              + ": write TAG=DIR or TAG=DIR,ro with a tag of up to 31 letters, digits, . _ -");
    }
    Path folder = Path.of(form.group("folder").replace(",,", ","));
    if (!Files.isDirectory(folder)) {
      throw new UsageException(
          "--share "
              + text
              + ": "
              + folder
              + (Files.exists(folder) ? " is no" : ": no such")
              + " directory");
    }
    return new ShareOption(form.group("tag"), real(folder), form.group("ro") != null);
  }

  private static Path real(Path folder) {
    try {
      return folder.toRealPath();
    } catch (IOException e) {
      throw new UsageException("--share: cannot use " + folder + ": " + e.getMessage());
    }
  }

  /** Starts the file server, and tries it out. */
  P9Device open(String guest, Log log) {
    Diod server =
        new Diod(folder, readOnly, "lodger:" + guest + ":share-" + tag, line -> log.trace(line));
    server.check();
    return new P9Device(tag, server, log::warn);
  }
}
