// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import com.google.gson.JsonElement;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lodger.launcher.life.LiveGuest;
import org.lodger.virtio.balloon.BalloonDevice;
import org.lodger.virtio.balloon.BalloonStats;

/** How much of its memory a guest is to give back, beyond what is free anyway. */
final class BalloonApi {
  private static final long PATIENCE_MILLIS = 500;

  private final LiveGuest live;

  BalloonApi(LiveGuest live) {
    this.live = live;
  }

  List<Route> routes() {
    return List.of(
        new Route("GET", "/v1/balloon", request -> Response.ok(state())),
        new Route("PUT", "/v1/balloon", this::resize));
  }

  private BalloonDevice balloon() {
    BalloonDevice balloon = live.balloon();
    if (balloon == null) {
      throw new ApiException(409, "guest " + live.guest().name() + " has no balloon");
    }
    return balloon;
  }

  private Map<String, Object> state() throws InterruptedException {
    BalloonDevice balloon = balloon();
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("targetBytes", bytes(balloon.target()));
    state.put("actualBytes", bytes(balloon.actual()));
    balloon.stats(PATIENCE_MILLIS).ifPresent(stats -> state.put("guest", figures(stats)));
    return state;
  }

  private static long bytes(int pages) {
    return (long) pages * BalloonDevice.PAGE;
  }

  private static Map<String, Object> figures(BalloonStats stats) {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("totalBytes", stats.total());
    figures.put("availableBytes", stats.available());
    figures.put("freeBytes", stats.free());
    figures.put("cacheBytes", stats.caches());
    return figures;
  }

  private Response resize(Request request) {
    JsonElement value = Json.object(request.body(), Set.of("targetBytes")).get("targetBytes");
    long most = live.guest().ram().size();
    if (value == null
        || !value.isJsonPrimitive()
        || !value.getAsString().matches("\\d{1,15}")
        || value.getAsLong() > most) {
      throw new ApiException(400, "targetBytes must be a number from 0 to " + most);
    }
    balloon().setTarget((int) (value.getAsLong() / BalloonDevice.PAGE));
    return Response.done();
  }
}
