// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench.system;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Full virtualization: QEMU, by the processor (KVM) or by translation (TCG). */
final class Qemu implements SystemUnderTest {
  private final Site site;
  private final boolean kvm;

  Qemu(Site site, boolean kvm) {
    this.site = site;
    this.kvm = kvm;
  }

  @Override
  public String name() {
    return kvm ? "qemu-kvm" : "qemu-tcg";
  }

  @Override
  public String description() {
    return kvm
        ? "QEMU with KVM: full virtualization by the processor; Debian's kernel, virtio disks"
        : "QEMU without KVM: full virtualization by translation; Debian's kernel, virtio disks";
  }

  @Override
  public String version() {
    return Tools.call(List.of("qemu-system-x86_64", "--version"))
        .firstLine()
        .replace("QEMU emulator version ", "QEMU ");
  }

  @Override
  public Optional<String> whyNot() {
    Optional<String> missing = Site.missing("qemu-system-x86_64", "qemu-system-x86");
    if (missing.isPresent()) {
      return missing;
    }
    if (kvm) {
      Optional<String> reason = whyNoKvm();
      if (reason.isPresent()) {
        return reason;
      }
    }
    return kernel();
  }

  /** A loop in a real virtual machine, timed: /dev/kvm may be there and lead nowhere. */
  private static Optional<String> whyNoKvm() {
    String probe = System.getenv().getOrDefault("LODGER_PROBE", "lodger-probe");
    String answer =
        Tools.call(List.of(probe))
            .text()
            .lines()
            .filter(line -> line.startsWith("kvm="))
            .findFirst()
            .map(line -> line.substring("kvm=".length()))
            .orElse("could not be tried");
    if (answer.equals("yes")) {
      return Optional.empty();
    }
    return Optional.of(answer.startsWith("is there") ? "/dev/kvm " + answer : answer);
  }

  private Optional<String> kernel() {
    Path script = site.home().resolve("test/bench/make-qemu");
    if (Files.exists(site.work().resolve("initrd"))) {
      return Optional.empty();
    }
    Tools.Output output = Tools.call(List.of(script.toString(), site.work().toString()));
    return output.status() == 0
        ? Optional.empty()
        : Optional.of(output.firstLine().replaceFirst("^lodger: ", ""));
  }

  @Override
  public boolean runsNatively() {
    return kvm;
  }

  @Override
  public List<String> command(Job job) {
    List<String> line = new ArrayList<>();
    line.addAll(
        List.of(
            "qemu-system-x86_64",
            "-accel",
            kvm ? "kvm" : "tcg",
            "-cpu",
            kvm ? "host" : "max",
            "-m",
            Site.MEMORY,
            "-smp",
            "1",
            "-nodefaults",
            "-no-reboot",
            "-display",
            "none",
            "-serial",
            "stdio",
            "-drive",
            "if=virtio,format=raw,readonly=on,file=" + site.image(),
            "-drive",
            "if=virtio,format=raw,cache=writeback,file=" + site.data(),
            "-kernel",
            site.work().resolve("vmlinuz").toString(),
            "-initrd",
            site.work().resolve("initrd").toString(),
            "-append",
            "console=ttyS0 quiet panic=-1 " + String.join(" ", job.kernelArguments("/dev/vdb"))));
    return line;
  }
}
