// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.util.concurrent.Callable;
import org.lodger.launcher.control.ControlClient;
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
}
