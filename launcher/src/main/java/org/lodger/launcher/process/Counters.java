// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.process;

import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;

/**
 * What a guest's switcher counts: {@code struct lodger_counters}. Only to be shown. It lies in
 * memory that a hostile guest kernel can write to, so that each of these may be any number.
 *
 * @param spaces how many address spaces there are now
 * @param demotions how many went on in isolation by process, and why
 * @param callSites system calls in programs that became jumps
 * @param hostCalls of the host, for mappings of programs
 */
public record Counters(Spaces spaces, Demotions demotions, long callSites, HostCalls hostCalls) {
  /** By kind of isolation. */
  public record Spaces(long process, long key) {}

  /** By {@code enum lodger_demotion}. */
  public record Demotions(long keyCode, long writable, long shared, long place) {
    public long all() {
      return keyCode + writable + shared + place;
    }
  }

  public record HostCalls(long mmap, long munmap, long mprotect) {}

  public static Counters read(GuestMemory control) {
    return new Counters(
        new Spaces(
            word(control, Abi.Counters.SPACES, Abi.ISOLATION_PROCESS),
            word(control, Abi.Counters.SPACES, Abi.ISOLATION_KEY)),
        new Demotions(
            word(control, Abi.Counters.DEMOTED, Abi.DEMOTED_KEY_CODE),
            word(control, Abi.Counters.DEMOTED, Abi.DEMOTED_WRITABLE),
            word(control, Abi.Counters.DEMOTED, Abi.DEMOTED_SHARED),
            word(control, Abi.Counters.DEMOTED, Abi.DEMOTED_PLACE)),
        word(control, Abi.Counters.CALL_SITES, 0),
        new HostCalls(
            word(control, Abi.Counters.HOST_CALLS, 0),
            word(control, Abi.Counters.HOST_CALLS, 1),
            word(control, Abi.Counters.HOST_CALLS, 2)));
  }

  private static long word(GuestMemory control, int array, int index) {
    return control.getLong(Abi.CONTROL_COUNTERS + array + 8L * index);
  }
}
