// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.Strictness;
import java.util.Set;

/** How values and JSON text become each other. */
public final class Json {
  private static final Gson GSON =
      new GsonBuilder()
          .setPrettyPrinting()
          .disableHtmlEscaping()
          .setStrictness(Strictness.STRICT)
          .create();

  private Json() {}

  /** The text of a record, map or list, with a line feed at its end. */
  public static String write(Object value) {
    return GSON.toJson(value) + "\n";
  }

  public static <T> T read(String text, Class<T> type) {
    return GSON.fromJson(text, type);
  }

  /** A request's body: one object with no other than the known members. */
  static JsonObject object(String body, Set<String> known) {
    JsonObject object;
    try {
      object = GSON.fromJson(body, JsonObject.class);
    } catch (JsonParseException e) {
      throw new ApiException(400, "the body is no JSON object");
    }
    if (object == null) {
      throw new ApiException(400, "the body is empty; it must be a JSON object");
    }
    for (String member : object.keySet()) {
      if (!known.contains(member)) {
        throw new ApiException(400, "unknown member " + quote(member) + "; known are " + known);
      }
    }
    return object;
  }

  /** Somebody else's text, short and printable. */
  static String quote(String text) {
    String shown = text.length() > 60 ? text.substring(0, 60) + "..." : text;
    return "'" + shown.replaceAll("[^\\x20-\\x7e]", "?") + "'";
  }
}
