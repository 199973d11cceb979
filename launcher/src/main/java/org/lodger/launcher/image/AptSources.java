// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Which Debian mirror this host uses: the nearest one to make a Debian disk from. */
final class AptSources {
  /** Both formats: "deb [options] URI suite" and "URIs: URI". Security archives end otherwise. */
  private static final Pattern MIRROR =
      Pattern.compile("^(?:deb\\s+(?:\\[[^]]*]\\s+)?|URIs:\\s*)(\\S+/debian/?)(?:\\s|$)");

  private AptSources() {}

  static Optional<String> mirror() {
    return mirror(Path.of("/etc/apt"));
  }

  static Optional<String> mirror(Path apt) {
    for (Path file : files(apt)) {
      try {
        for (String line : Files.readAllLines(file)) {
          Matcher matcher = MIRROR.matcher(line);
          if (matcher.find()) {
            return Optional.of(matcher.group(1));
          }
        }
      } catch (IOException | UncheckedIOException e) {
        continue; // a list that cannot be read names no mirror
      }
    }
    return Optional.empty();
  }

  private static List<Path> files(Path apt) {
    List<Path> files = new ArrayList<>();
    Path single = apt.resolve("sources.list");
    if (Files.exists(single)) {
      files.add(single);
    }
    try (DirectoryStream<Path> more =
        Files.newDirectoryStream(apt.resolve("sources.list.d"), "*.{list,sources}")) {
      more.forEach(files::add);
    } catch (IOException e) {
      return files;
    }
    return files;
  }
}
