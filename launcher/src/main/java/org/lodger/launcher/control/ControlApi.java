// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.lodger.launcher.Guest;
import org.lodger.launcher.life.Ending;
import org.lodger.launcher.life.LiveGuest;
import org.lodger.launcher.process.Counters;
import org.lodger.launcher.process.GuestTasks;

/** What can be asked of a guest at its socket; docs/control-api.yaml describes it. */
public final class ControlApi {
  private static final int WAIT_SECONDS_MAX = 3600;
  private static final int TERMINAL_MAX = 0xffff;
  private static final long FAREWELL_MS = 500;

  private final LiveGuest live;
  private final Guest guest;
  private final Set<ConsoleStream> viewers = ConcurrentHashMap.newKeySet();

  public ControlApi(LiveGuest live) {
    this.live = live;
    guest = live.guest();
  }

  List<Route> routes() {
    List<Route> routes = new ArrayList<>();
    routes.addAll(
        List.of(
            new Route("GET", "/v1/guest", request -> Response.ok(state())),
            new Route("GET", "/v1/metrics", request -> Response.ok(metrics())),
            new Route("GET", "/v1/end", this::end),
            new Route("POST", "/v1/pause", request -> act(guest.pause(), "does not run")),
            new Route("POST", "/v1/resume", request -> act(guest.resume(), "is not paused")),
            new Route("POST", "/v1/power-button", request -> powerButton()),
            new Route("POST", "/v1/kill", request -> kill()),
            new Route("GET", "/v1/console", request -> console()),
            new Route("PUT", "/v1/console/size", this::resize)));
    routes.addAll(new PlugApi(live).routes());
    routes.addAll(new BalloonApi(live).routes());
    return routes;
  }

  private Map<String, Object> state() {
    GuestTasks.Usage usage = guest.usage();
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("name", guest.name());
    state.put("state", live.state());
    state.put("pid", ProcessHandle.current().pid());
    if (usage != null) {
      state.put("kernelPid", usage.kernel());
    }
    state.put("cpu", guest.plan().cpu());
    state.put("memoryBytes", guest.ram().size());
    state.put("uptimeSeconds", live.age() / 1e9);
    Counters counters = guest.counters();
    state.put("spaces", counters.spaces());
    state.put("demoted", counters.demotions().all());
    state.put("disks", live.disks().list());
    state.put("networks", live.networks().list());
    return state;
  }

  private Map<String, Object> metrics() {
    GuestTasks.Usage usage = guest.usage();
    Map<String, Object> metrics = new LinkedHashMap<>();
    metrics.put("uptimeSeconds", live.age() / 1e9);
    metrics.put("cpuSeconds", usage == null ? 0 : usage.cpuNanos() / 1e9);
    metrics.put("processes", usage == null ? 0 : usage.processes());
    metrics.put("memoryBytes", guest.ram().size());
    metrics.put("hostMemoryBytes", guest.hostMemory());
    Counters counters = guest.counters();
    metrics.put("spaces", counters.spaces());
    metrics.put("demotions", counters.demotions());
    metrics.put("callSites", counters.callSites());
    metrics.put("hostCalls", counters.hostCalls());
    metrics.put("devices", guest.deviceMetrics());
    return metrics;
  }

  private Response end(Request request) throws InterruptedException {
    int seconds = request.number("timeoutSeconds", 0, WAIT_SECONDS_MAX);
    Ending ending = live.awaitEnd(seconds * 1000L);
    return ending == null ? Response.done() : Response.ok(ending);
  }

  private Response act(boolean done, String why) {
    if (!done) {
      throw new ApiException(409, "guest " + guest.name() + " " + why);
    }
    return Response.done();
  }

  private Response powerButton() {
    if (guest.isPaused()) {
      throw new ApiException(409, "guest " + guest.name() + " is paused; resume it first");
    }
    live.pressPowerButton();
    return Response.done();
  }

  private Response kill() {
    guest.kill();
    return Response.done();
  }

  private Response console() {
    ConsoleStream stream = new ConsoleStream(live.console(), live.keyboard());
    return Response.switchTo(
        (in, out) -> {
          viewers.add(stream);
          try {
            stream.serve(in, out);
          } finally {
            viewers.remove(stream);
          }
        });
  }

  /** The guest has ended: those who watch see its last words. */
  public void seeOff() throws InterruptedException {
    for (ConsoleStream viewer : viewers) {
      viewer.drain(FAREWELL_MS);
    }
  }

  private Response resize(Request request) {
    JsonObject size = Json.object(request.body(), Set.of("columns", "rows"));
    live.resizeTerminal(length(size, "columns"), length(size, "rows"));
    return Response.done();
  }

  private static int length(JsonObject size, String member) {
    JsonElement value = size.get(member);
    if (value == null
        || !value.isJsonPrimitive()
        || !value.getAsString().matches("\\d{1,5}")
        || value.getAsInt() == 0
        || value.getAsInt() > TERMINAL_MAX) {
      throw new ApiException(400, member + " must be a number from 1 to " + TERMINAL_MAX);
    }
    return value.getAsInt();
  }
}
