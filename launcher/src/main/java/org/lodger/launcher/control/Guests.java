// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.lodger.launcher.UsageException;

/** All guests of this user. */
public final class Guests {
  private static final String SOCKET = ".sock";
  private static final long PATIENCE_NS = 2_000_000_000L;

  private Guests() {}

  /**
   * Asks each for its state. One that does not answer has no other members than its name and the
   * state "silent"; what is left of one that was killed is removed.
   */
  public static List<JsonObject> states() {
    Path folder = RuntimeFolder.find();
    ExecutorService askers =
        Executors.newCachedThreadPool(
            work -> {
              Thread thread = new Thread(work, "ask");
              thread.setDaemon(true);
              return thread;
            });
    List<String> names = names(folder);
    List<Future<JsonObject>> answers =
        names.stream().map(name -> askers.submit(() -> ask(new GuestFiles(folder, name)))).toList();
    // All of them together: any number may be stopped.
    long end = System.nanoTime() + PATIENCE_NS;
    List<JsonObject> states = new ArrayList<>();
    for (int i = 0; i < names.size(); i++) {
      JsonObject state = get(names.get(i), answers.get(i), end);
      if (state != null) {
        states.add(state);
      }
    }
    return states;
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(file -> file.endsWith(SOCKET))
          .map(file -> file.substring(0, file.length() - SOCKET.length()))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns null if there is no such guest any more. */
  private static JsonObject ask(GuestFiles files) {
    ControlClient client;
    try {
      client = ControlClient.open(files);
    } catch (IOException e) {
      NameClaim.cleanUp(files);
      return null;
    }
    try (client) {
      return Json.read(client.must("GET", "/v1/guest"), JsonObject.class);
    } catch (UsageException e) {
      // It ended while we asked.
      return null;
    }
  }

  private static JsonObject get(String name, Future<JsonObject> answer, long end) {
    try {
      return answer.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      JsonObject silent = new JsonObject();
      silent.addProperty("name", name);
      silent.addProperty("state", "silent");
      return silent;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }
}
