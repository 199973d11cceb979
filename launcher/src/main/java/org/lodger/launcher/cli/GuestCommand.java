// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import com.google.gson.JsonObject;
import java.util.Map;
import java.util.concurrent.Callable;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.control.ControlClient;
import org.lodger.launcher.control.Json;
import picocli.CommandLine.Parameters;

/** A command about one guest that runs already. */
abstract class GuestCommand implements Callable<Integer> {
  @Parameters(paramLabel = "NAME", description = "The guest's name; lodger ps lists them.")
  String name;

  ControlClient connect() {
    return ControlClient.connect(name);
  }

  /** Sends one request that has no answer but that it was done. */
  int post(String path) {
    try (ControlClient client = connect()) {
      client.must("POST", path);
      return 0;
    }
  }

  /** Adds a device of any kind, and prints its name. */
  int add(String path, Map<String, ?> body) {
    try (ControlClient client = connect()) {
      ControlClient.Answer answer = client.call("POST", path, body);
      if (!answer.ok()) {
        throw new UsageException(answer.error());
      }
      JsonObject added = Json.read(answer.body(), JsonObject.class);
      if (!added.get("ready").getAsBoolean()) {
        System.err.println("lodger: the guest has not taken the device yet");
      }
      System.out.println(added.get("id").getAsString());
      return 0;
    }
  }
}
