// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.system;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a system is to do after its start.
 *
 * @param work what {@code test/bench/root/job} knows: a group, "boot" or "idle"
 * @param seconds how long "idle" lasts
 */
public record Job(String work, boolean quick, int seconds) {
  /**
   * What the job reads from its environment; a guest's init gets it from the kernel's arguments.
   */
  Map<String, String> environment(String device, boolean direct) {
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("bench", work);
    variables.put("quick", quick ? "1" : "");
    variables.put("row", quick ? "200" : "1000");
    variables.put("seconds", Integer.toString(seconds));
    variables.put("device", device);
    variables.put("direct", direct ? "1" : "0");
    return variables;
  }

  List<String> kernelArguments(String device) {
    return environment(device, true).entrySet().stream()
        .filter(entry -> !entry.getValue().isEmpty())
        .map(entry -> entry.getKey() + "=" + entry.getValue())
        .toList();
  }
}
