// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.lodger.hypercall.host.HostException;
import org.lodger.launcher.Log;
import org.lodger.launcher.UsageException;
import org.lodger.virtio.block.DiskException;
import org.lodger.virtio.net.NetException;

/** Finds the route of a request. Whatever a route throws comes out as an answer. */
final class Router {
  private final List<Route> routes;
  private final Log log;

  Router(List<Route> routes, Log log) {
    this.routes = routes;
    this.log = log;
  }

  List<Route> routes() {
    return routes;
  }

  Response handle(String method, String target, String body) throws InterruptedException {
    try {
      return find(method, target, body);
    } catch (ApiException e) {
      return Response.error(e.status(), e.getMessage());
    } catch (UsageException | DiskException | NetException e) {
      return Response.error(400, e.getMessage());
    } catch (HostException e) {
      return Response.error(500, "the host refused: " + e.getMessage());
    } catch (RuntimeException e) {
      log.warn("internal error at the control socket, please report it: " + e);
      return Response.error(500, "internal error; the guest's log says more");
    }
  }

  private Response find(String method, String target, String body) throws InterruptedException {
    int mark = target.indexOf('?');
    String path = mark < 0 ? target : target.substring(0, mark);
    StringJoiner others = new StringJoiner(", ");
    for (Route route : routes) {
      Map<String, String> parameters = route.match(path);
      if (parameters == null) {
        continue;
      }
      if (route.method().equals(method)) {
        Map<String, String> query = query(mark < 0 ? "" : target.substring(mark + 1));
        return route.handler().handle(new Request(parameters, query, body));
      }
      others.add(route.method());
    }
    if (others.length() > 0) {
      throw new ApiException(405, "the method there is " + others);
    }
    throw new ApiException(404, "nothing at " + Json.quote(path) + "; see docs/control-api.yaml");
  }

  /** Values here are numbers: nothing needs decoding. */
  private static Map<String, String> query(String text) {
    Map<String, String> query = new HashMap<>();
    for (String pair : text.isEmpty() ? new String[0] : text.split("&")) {
      int equals = pair.indexOf('=');
      if (equals < 1) {
        throw new ApiException(400, "the query must be name=value, joined by &");
      }
      query.put(pair.substring(0, equals), pair.substring(equals + 1));
    }
    return query;
  }
}
