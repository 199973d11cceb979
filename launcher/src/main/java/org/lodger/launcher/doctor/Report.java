// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.doctor;

/** Lines of names and findings, in two columns. */
final class Report {
  private final StringBuilder text = new StringBuilder();

  void title(String title) {
    text.append(title).append('\n');
  }

  void section(String name) {
    text.append('\n').append(name).append('\n');
  }

  void row(String name, String finding) {
    text.append(String.format("  %-19s %s%n", name, finding));
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
