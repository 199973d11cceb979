// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.Spawn;

/** The guest is a process that does nothing and dies of every signal. */
class VcpuTest {
  private final GuestMemory control = GuestMemory.create("test", Abi.CONTROL_SIZE);
  private final Vcpu vcpu = new Vcpu(control);

  @AfterEach
  void close() {
    control.close();
  }

  private static int sleeper() {
    return new Spawn().start("/bin/sleep", "sleep", "100");
  }

  private int wakeSequence() {
    return control.getInt(Abi.CONTROL_VCPUS + Abi.Vcpu.WAKE_SEQ);
  }

  @Test
  void signalsARunningGuestOnce() {
    int pid = sleeper();
    vcpu.runsAs(pid);
    vcpu.interrupt(9);
    vcpu.interrupt(9);
    assertEquals(1 << 9, control.getLong(Abi.CONTROL_VCPUS + Abi.Vcpu.PENDING));
    assertEquals(1, wakeSequence());
    assertEquals(Host.SIGUSR1, Host.waitpid(pid));
  }

  @Test
  void leavesAnIdleGuestToItsFutex() {
    int pid = sleeper();
    vcpu.runsAs(pid);
    control.putInt(Abi.CONTROL_VCPUS + Abi.Vcpu.STATE, Abi.VCPU_IDLE);
    vcpu.interrupt(8);
    assertEquals(1, wakeSequence());
    vcpu.kill();
    assertEquals(Host.SIGKILL, Host.waitpid(pid));
  }

  @Test
  void neverSignalsANumberThatIsNoGuest() {
    int pid = sleeper();
    vcpu.runsAs(pid);
    vcpu.ended();
    vcpu.interrupt(8);
    vcpu.kill();
    Host.kill(pid, Host.SIGKILL);
    assertEquals(Host.SIGKILL, Host.waitpid(pid));
  }

  @Test
  void aKillBeforeTheStartIsNotLost() {
    vcpu.kill();
    assertTrue(vcpu.wasKilled());
    int pid = sleeper();
    vcpu.runsAs(pid);
    assertEquals(Host.SIGKILL, Host.waitpid(pid));
  }
}
