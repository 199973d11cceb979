// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.process;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;
import org.lodger.hypercall.host.Spawn;

/**
 * The native program that becomes a guest's processes. It never touches the host's disk: a sealed
 * memfd holds it.
 */
public final class Switcher implements AutoCloseable {
  private final int program;

  private Switcher(int program) {
    this.program = program;
  }

  public static Switcher load() {
    int fd = createMemfd();
    try (InputStream in = GuestMemory.class.getResourceAsStream("/lodger-switcher")) {
      if (in == null) {
        throw new IllegalStateException("the hypercall jar lacks the switcher");
      }
      byte[] bytes = in.readAllBytes();
      if (Host.write(fd, bytes, bytes.length) != bytes.length) {
        throw new IllegalStateException("no room for the switcher");
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot read the switcher", e);
    }
    Host.seal(fd, Host.F_SEAL_WRITE | Host.F_SEAL_SHRINK | Host.F_SEAL_GROW | Host.F_SEAL_SEAL);
    return new Switcher(fd);
  }

  /** Hosts may make memfds not executable by default; old hosts do not know the flag. */
  private static int createMemfd() {
    int flags = Host.MFD_CLOEXEC | Host.MFD_ALLOW_SEALING;
    try {
      return Host.memfdCreate("lodger-switcher", flags | Host.MFD_EXEC);
    } catch (HostException e) {
      return Host.memfdCreate("lodger-switcher", flags);
    }
  }

  /** Where a guest runs, what it is called in lists of processes, and what it is given. */
  public record Start(
      String name,
      String cpu,
      Programs programs,
      GuestMemory ram,
      GuestMemory control,
      int console,
      Map<Integer, Integer> doorbells) {}

  /**
   * Runs a guest until it ends. The guest dies with the calling thread, which therefore must not be
   * one that anybody might end early.
   */
  public GuestEnd run(Start start, Vcpu vcpu) {
    Spawn spawn =
        new Spawn()
            .fd(start.ram().fd(), Abi.FD_RAM)
            .fd(start.control().fd(), Abi.FD_CONTROL)
            .fd(start.console(), Abi.FD_CONSOLE)
            .noOthersBelow(Abi.FD_DOORBELL + Abi.MAX_DEVICES);
    start.doorbells().forEach((device, fd) -> spawn.fd(fd, Abi.FD_DOORBELL + device));
    int none = Host.open("/dev/null", Host.O_RDWR, 0);
    int pid;
    try {
      pid =
          spawn
              .fd(none, 0)
              .fd(none, 1)
              .fd(2, 2)
              .start(
                  program,
                  "lodger:" + start.name(),
                  "kernel",
                  "launcher_pid=" + ProcessHandle.current().pid(),
                  "cpu=" + start.cpu(),
                  "isolation=" + start.programs().isolation(),
                  "rewrite=" + (start.programs().rewrite() ? "yes" : "no"),
                  "slots=" + start.programs().limit());
    } finally {
      Host.close(none);
    }
    vcpu.runsAs(pid);
    Host.awaitEnd(pid);
    vcpu.ended();
    return new GuestEnd(Host.waitpid(pid));
  }

  @Override
  public void close() {
    Host.close(program);
  }
}
