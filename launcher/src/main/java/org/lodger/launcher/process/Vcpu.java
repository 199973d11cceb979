// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.process;

import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;

/** The guest's processor: raises interrupts as {@code struct lodger_vcpu} says. */
public final class Vcpu {
  private static final long PENDING = Abi.CONTROL_VCPUS + Abi.Vcpu.PENDING;
  private static final long WAKE_SEQ = Abi.CONTROL_VCPUS + Abi.Vcpu.WAKE_SEQ;
  private static final long STATE = Abi.CONTROL_VCPUS + Abi.Vcpu.STATE;

  private final GuestMemory control;

  /** The guest's first process while it surely exists, else 0. */
  private int pid;

  private boolean killed;
  private boolean paused;

  public Vcpu(GuestMemory control) {
    this.control = control;
  }

  /** Raises an interrupt; may be called from any thread. */
  public void interrupt(int irq) {
    long bit = 1L << irq;
    if ((control.getAndBitwiseOrLong(PENDING, bit) & bit) != 0) {
      return;
    }
    control.getAndAddInt(WAKE_SEQ, 1);
    if (isIdle()) {
      Host.futexWake(control.address(WAKE_SEQ, 4));
    } else {
      signal(Host.SIGUSR1);
    }
  }

  /** Does it sleep, or will at once, until an interrupt comes? */
  public boolean isIdle() {
    return control.getIntVolatile(STATE) == Abi.VCPU_IDLE;
  }

  /** Ends the guest at once, or as soon as it starts. */
  public synchronized void kill() {
    killed = true;
    signal(Host.SIGKILL);
  }

  public synchronized boolean wasKilled() {
    return killed;
  }

  /**
   * Stops all of the guest's processes where they are; false if they are stopped already, or if
   * there is none.
   */
  public synchronized boolean pause() {
    if (pid == 0 || paused) {
      return false;
    }
    new GuestTasks(pid).stop();
    paused = true;
    return true;
  }

  /** Lets them go on; false if they are not stopped. */
  public synchronized boolean resume() {
    if (!paused) {
      return false;
    }
    new GuestTasks(pid).resume();
    paused = false;
    return true;
  }

  public synchronized boolean isPaused() {
    return paused;
  }

  /** The guest's processes, or null when it has none. */
  public synchronized GuestTasks.Usage usage() {
    return pid == 0 ? null : new GuestTasks(pid).usage();
  }

  /** Signals never go to a number that may have become somebody else's. */
  private synchronized void signal(int signal) {
    if (pid != 0) {
      Host.kill(pid, signal);
    }
  }

  synchronized void runsAs(int pid) {
    this.pid = pid;
    if (killed) {
      kill();
    }
  }

  synchronized void ended() {
    pid = 0;
    paused = false;
  }
}
