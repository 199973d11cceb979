// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.block;

import java.util.function.LongSupplier;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;
import org.lodger.virtio.Wager;

/**
 * Looks for the next request a little longer before the device's thread goes to sleep, and holds
 * back interrupts meanwhile while the guest is busy. A thread that is awake needs no doorbell, and
 * a busy guest that asks for more takes several answers with one interrupt.
 *
 * <p>Both are done only as long as they pay: see {@link Wager}. For the device's thread.
 */
final class Lookout {
  private static final long LOOK_NANOS = 50_000;
  static final long HOLD_NANOS = 50_000;

  /** From one reading of the clock to the next. The host's own interrupts take less. */
  private static final long ROBBED_NANOS = 20_000;

  /**
   * The scheduler took this CPU away for its usual slice, because somebody waits for it. A virtual
   * host is itself stopped now and then, for up to a millisecond.
   */
  private static final long EVICTED_NANOS = 1_200_000;

  private static final int LOOKS_PER_CLOCK = 8;

  private final VirtQueue queue;
  private final DeviceHost host;
  private final LongSupplier clock;
  private final Wager looks = new Wager();
  private final Wager holds = new Wager();
  private boolean looking;
  private boolean held;
  private boolean heldInVain;
  private long heldSince;

  /** The clock counts nanoseconds. */
  Lookout(VirtQueue queue, DeviceHost host, LongSupplier clock) {
    this.queue = queue;
    this.host = host;
    this.clock = clock;
  }

  /** Before the first request that a doorbell rang for. */
  void begin() {
    looking = looks.isOn();
  }

  /** Interrupts the guest, now or soon: {@link #await} sees to that. */
  void interrupt() {
    if (held) {
      return;
    }
    if ((looking || queue.hasNext()) && !host.guestIsIdle() && holds.isOn()) {
      held = heldInVain = true;
      heldSince = clock.getAsLong();
    } else {
      host.interruptQueues();
    }
  }

  private void release() {
    if (held) {
      held = false;
      host.interruptQueues();
    }
  }

  /** True when there is another request; false when it is time to sleep. Nothing is held then. */
  boolean await() {
    if (queue.hasNext()) {
      if (held) {
        lookAfterHeld(clock.getAsLong());
      }
    } else if (!looking || !lookLonger()) {
      looking = false;
      release();
      return queue.hasNext();
    }
    if (held && heldInVain) {
      heldInVain = false;
      holds.won();
    }
    return true;
  }

  private boolean lookLonger() {
    long start = clock.getAsLong();
    long now = start;
    long away;
    boolean found;
    do {
      lookAfterHeld(now);
      found = look();
      long last = now;
      now = clock.getAsLong();
      away = now - last;
    } while (!found && away <= ROBBED_NANOS && now - start <= LOOK_NANOS);
    if (found && away <= ROBBED_NANOS) {
      looks.won();
      return true;
    }
    if (away > EVICTED_NANOS) {
      looks.ruined();
    } else {
      looks.lost();
    }
    return false;
  }

  private void lookAfterHeld(long now) {
    if (held && now - heldSince > HOLD_NANOS) {
      release();
      if (heldInVain) {
        holds.lost();
      }
    } else if (held && host.guestIsIdle()) {
      release();
    }
  }

  private boolean look() {
    for (int i = 0; i < LOOKS_PER_CLOCK; i++) {
      if (queue.hasNext()) {
        return true;
      }
      Thread.onSpinWait();
    }
    return false;
  }
}
