// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.Callable;
import org.lodger.launcher.control.Guests;
import org.lodger.launcher.control.Json;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "ps", description = "List the guests of this user.")
final class PsCommand implements Callable<Integer> {
  private static final String ROW = "%-20s %8s %-8s %7s %12s  %-16s  %-24s %s%n";

  @Option(names = "--json", description = "All that is known of them, as JSON.")
  private boolean json;

  @Override
  public Integer call() {
    List<JsonObject> guests = Guests.states();
    if (json) {
      System.out.print(Json.write(guests));
      return 0;
    }
    System.out.printf(
        ROW, "NAME", "PID", "STATE", "MEMORY", "UPTIME", "ISOLATION", "DISKS", "ADDRESSES");
    for (JsonObject guest : guests) {
      System.out.printf(
          ROW,
          text(guest, "name"),
          text(guest, "pid"),
          text(guest, "state"),
          guest.has("memoryBytes") ? (guest.get("memoryBytes").getAsLong() >> 20) + "M" : "-",
          guest.has("uptimeSeconds") ? uptime(guest.get("uptimeSeconds").getAsLong()) : "-",
          isolation(guest),
          list(guest, "disks", "file"),
          list(guest, "networks", "address"));
    }
    return 0;
  }

  private static String text(JsonObject guest, String member) {
    return guest.has(member) ? guest.get(member).getAsString() : "-";
  }

  /** By key as long as any program is, or was before it was demoted. */
  private static String isolation(JsonObject guest) {
    if (!guest.has("spaces")) {
      return "-";
    }
    JsonObject spaces = guest.getAsJsonObject("spaces");
    long demoted = guest.get("demoted").getAsLong();
    if (demoted != 0) {
      return "key, " + demoted + " demoted";
    }
    return spaces.get("key").getAsLong() != 0
        ? "key"
        : spaces.get("process").getAsLong() != 0 ? "process" : "-";
  }

  private static String list(JsonObject guest, String member, String part) {
    StringJoiner joined = new StringJoiner(",");
    joined.setEmptyValue("-");
    JsonElement list = guest.get(member);
    for (JsonElement element : list == null ? new JsonArray() : list.getAsJsonArray()) {
      JsonElement value = element.getAsJsonObject().get(part);
      if (value != null) {
        joined.add(value.getAsString());
      }
    }
    return joined.toString();
  }

  private static String uptime(long seconds) {
    return String.format(
        "%s%02d:%02d:%02d",
        seconds < 86400 ? "" : seconds / 86400 + "d ",
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60);
  }
}
