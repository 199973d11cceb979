// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lodger.launcher.life.LiveGuest;
import org.lodger.launcher.life.Plugged;
import org.lodger.virtio.VirtioDevice;

/** Disks and network cards that come and go while the guest runs. */
final class PlugApi {
  private static final int DRIVER_MS = 5000;
  private static final int REMOVE_SECONDS = 10;
  private static final int REMOVE_SECONDS_MAX = 3600;

  private final LiveGuest live;

  PlugApi(LiveGuest live) {
    this.live = live;
  }

  List<Route> routes() {
    return List.of(
        new Route("GET", "/v1/disks", request -> Response.ok(live.disks().list())),
        new Route("POST", "/v1/disks", this::addDisk),
        new Route("DELETE", "/v1/disks/{id}", request -> remove(live.disks(), request)),
        new Route("GET", "/v1/networks", request -> Response.ok(live.networks().list())),
        new Route("POST", "/v1/networks", this::addNetwork),
        new Route("DELETE", "/v1/networks/{id}", request -> remove(live.networks(), request)));
  }

  private Response addDisk(Request request) throws InterruptedException {
    JsonObject disk = Json.object(request.body(), Set.of("file", "readOnly", "serial", "cache"));
    String file = text(disk, "file", "");
    if (!file.startsWith("/") || file.indexOf('\0') >= 0) {
      throw new ApiException(400, "file must be an absolute path");
    }
    boolean readOnly = flag(disk, "readOnly");
    String serial = text(disk, "serial", "");
    String cache = text(disk, "cache", "writeback");
    requireRunning();
    VirtioDevice device = live.diskMaker().make(Path.of(file), readOnly, serial, cache);
    boolean ready = live.plug(live.disks(), device, DRIVER_MS);
    return Response.json(201, Map.of("id", device.name(), "ready", ready));
  }

  private Response addNetwork(Request request) throws InterruptedException {
    String net = text(Json.object(request.body(), Set.of("net")), "net", "");
    requireRunning();
    VirtioDevice device = live.networkMaker().make(net);
    boolean ready = live.plug(live.networks(), device, DRIVER_MS);
    return Response.json(201, Map.of("id", device.name(), "ready", ready));
  }

  private <T> Response remove(Plugged<T> kind, Request request) throws InterruptedException {
    int seconds = request.number("timeoutSeconds", REMOVE_SECONDS, REMOVE_SECONDS_MAX);
    String id = request.parameters().get("id");
    requireRunning();
    return switch (live.unplug(kind, id, seconds * 1000L)) {
      case DONE -> Response.done();
      case UNKNOWN -> throw new ApiException(404, "the guest has no " + Json.quote(id));
      case WAITING ->
          throw new ApiException(
              504, "the guest has not let go of " + id + " yet; it is gone as soon as it does");
    };
  }

  private void requireRunning() {
    if (!live.state().equals("running")) {
      throw new ApiException(409, "guest " + live.guest().name() + " is " + live.state());
    }
  }

  private static String text(JsonObject object, String member, String otherwise) {
    JsonElement value = object.get(member);
    if (value == null) {
      return otherwise;
    }
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isString()) {
      throw new ApiException(400, member + " must be a string");
    }
    return value.getAsString();
  }

  private static boolean flag(JsonObject object, String member) {
    JsonElement value = object.get(member);
    if (value == null) {
      return false;
    }
    if (!value.isJsonPrimitive() || !value.getAsJsonPrimitive().isBoolean()) {
      throw new ApiException(400, member + " must be true or false");
    }
    return value.getAsBoolean();
  }
}
