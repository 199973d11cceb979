// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import java.util.HashMap;
import java.util.Map;

/**
 * What one method on one path does.
 *
 * @param path its words in braces match any one word
 */
record Route(String method, String path, Handler handler) {
  /** Carries out a request. May take its time: each connection has a thread of its own. */
  interface Handler {
    Response handle(Request request) throws InterruptedException;
  }

  /** What stands in place of the words in braces; null if the path is another. */
  Map<String, String> match(String actual) {
    String[] pattern = path.split("/", -1);
    String[] words = actual.split("/", -1);
    if (pattern.length != words.length) {
      return null;
    }
    Map<String, String> parameters = new HashMap<>();
    for (int i = 0; i < words.length; i++) {
      if (pattern[i].startsWith("{")) {
        parameters.put(pattern[i].substring(1, pattern[i].length() - 1), words[i]);
      } else if (!pattern[i].equals(words[i])) {
        return null;
      }
    }
    return parameters;
  }
}
