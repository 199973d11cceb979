// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import java.util.Map;

/**
 * One request, as a route sees it.
 *
 * @param parameters what stood in place of the {words} of the route's path
 * @param query what stood behind the question mark
 * @param body may be empty
 */
public record Request(Map<String, String> parameters, Map<String, String> query, String body) {
  /** A whole number of the query. */
  int number(String name, int otherwise, int max) {
    String text = query.get(name);
    if (text == null) {
      return otherwise;
    }
    if (!text.matches("\\d{1,9}") || Integer.parseInt(text) > max) {
      throw new ApiException(400, name + " must be a number from 0 to " + max);
    }
    return Integer.parseInt(text);
  }
}
