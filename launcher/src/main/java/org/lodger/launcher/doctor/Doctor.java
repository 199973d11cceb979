// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.doctor;

import java.nio.file.Path;
import org.lodger.launcher.Programs;

/** The findings about a host, in the order in which a user wants them. */
public final class Doctor {
  /** Program, Debian package, and what Lodger uses it for. */
  private static final String[][] TOOLS = {
    {"mke2fs", "e2fsprogs", "lodger image"},
    {"gcc", "gcc", "building kernels"},
    {"gdb", "gdb", "debugging"},
    {"passt", "passt", "networks without root"},
    {"diod", "diod", "shared directories"},
    {"bwrap", "bubblewrap", "shared directories, a column of lodger bench"},
    {"mmdebstrap", "mmdebstrap", "lodger image debian, lodger bench"},
    {"linux.uml", "user-mode-linux", "a column of lodger bench"},
    {"qemu-system-x86_64", "qemu-system-x86", "a column of lodger bench"},
  };

  private final Probes probes;
  private final HostFacts facts;

  private Doctor(Probes probes, HostFacts facts) {
    this.probes = probes;
    this.facts = facts;
  }

  public static Doctor examine() {
    return examine(System.getenv().getOrDefault("LODGER_PROBE", "lodger-probe"), Path.of("/"));
  }

  static Doctor examine(String probe, Path root) {
    return new Doctor(Probes.take(probe), new HostFacts(root));
  }

  /** What the switcher cannot do without. */
  public boolean guestsCanRun() {
    return needs().equals("yes");
  }

  private String needs() {
    return probes.all("seccomp-filter", "seccomp-notification", "memfd-exec", "xsave");
  }

  private String keys() {
    return probes.all("protection-keys", "user-dispatch", "signal-stack-key", "fsgsbase");
  }

  public String report() {
    Report report = new Report();
    report.title(
        guestsCanRun() ? "Guests can run on this host." : "Guests cannot run on this host.");

    report.section("Isolation");
    report.row("process", needs());
    report.row("key", keys());
    if (!probes.yes("killable-wait")) {
      report.row("", "killing a guest program may take longer: " + probes.answer("killable-wait"));
    }

    report.section("Host");
    report.row("kernel", "Linux " + facts.kernel());
    report.row("processor", facts.processor());
    report.row("signal frame", probes.answer("signal-stack") + " bytes");
    report.row("fs/gs base", probes.answer("fsgsbase"));
    report.row("memory", facts.memory());
    report.row("mappings a process", facts.mappings() + " (vm.max_map_count)");
    report.row("processes", facts.limit("Max processes") + " (ulimit -u)");
    report.row("open files", facts.limit("Max open files") + " (ulimit -n)");
    report.row("container", facts.container());
    report.row(
        "no new privileges", facts.noNewPrivileges() ? "in force, which is fine" : "not in force");
    report.row("user namespaces", probes.answer("user-namespace"));

    report.section("Not needed, but asked for");
    report.row("KVM", probes.answer("kvm"));
    report.row("TAP", probes.answer("tap"));

    report.section("Tools");
    for (String[] tool : TOOLS) {
      report.row(
          tool[0],
          Programs.find(tool[0])
              .map(Path::toString)
              .orElse("missing (" + tool[2] + "); type: sudo apt-get install " + tool[1]));
    }
    return report.toString();
  }
}
