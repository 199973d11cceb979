// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.process;

/**
 * How a guest's programs run on the host.
 *
 * @param isolation how they are kept from the kernel's memory
 * @param rewrite whether their hot system calls may become jumps
 * @param slots how many may have processes of the host at a time; {@link #MANY} or at least two
 */
public record Programs(Isolation isolation, boolean rewrite, int slots) {
  /** As many as the host can bear. */
  public static final int MANY = Integer.MAX_VALUE;

  /** For the switcher, which knows what a host can bear. */
  String limit() {
    return slots == MANY ? "many" : Integer.toString(slots);
  }
}
