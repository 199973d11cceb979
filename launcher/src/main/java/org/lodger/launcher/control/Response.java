// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Map;

/**
 * One answer.
 *
 * @param type of the body's media
 * @param upgrade takes over the connection behind the answer; or null
 */
record Response(int status, String type, String body, Upgrade upgrade) {
  /** Speaks something other than HTTP. Returns when the connection is of no more use. */
  interface Upgrade {
    void serve(InputStream in, OutputStream out) throws IOException;
  }

  static Response json(int status, Object value) {
    return new Response(status, "application/json", Json.write(value), null);
  }

  static Response ok(Object value) {
    return json(200, value);
  }

  static Response done() {
    return new Response(204, null, "", null);
  }

  static Response error(int status, String reason) {
    return json(status, Map.of("error", reason));
  }

  static Response switchTo(Upgrade upgrade) {
    return new Response(101, null, "", upgrade);
  }
}
