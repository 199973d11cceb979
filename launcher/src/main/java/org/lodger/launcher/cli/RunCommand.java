// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.lodger.launcher.Guest;
import org.lodger.launcher.Log;
import org.lodger.launcher.MemorySize;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.boot.Initramfs;
import org.lodger.launcher.control.NameClaim;
import org.lodger.launcher.net.NetOption;
import org.lodger.launcher.process.CpuChoice;
import org.lodger.launcher.process.Isolation;
import org.lodger.launcher.process.Programs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(
    name = "run",
    description = "Boot a guest, or run one command in a guest.",
    synopsisHeading = "Usage: ",
    customSynopsis = {
      "lodger run [OPTION]... [-- COMMAND [ARG]...]",
      "       lodger run [OPTION]... MEM VMLINUX [KERNEL-ARG]...",
    },
    footer =
        "%nThe exit status is the command's own; without a command 0 after power-off. It is 3 after"
            + " a panic, 2 if the guest cannot start, 128 + n if signal n ended it.")
final class RunCommand implements Callable<Integer> {
  @Option(
      names = {"-k", "--kernel"},
      paramLabel = "FILE|FLAVOUR",
      description =
          "A vmlinux (or one in gzip, xz or zstd), or one of Lodger's own: full (the default),"
              + " small or debug.")
  private Path kernel;

  @Option(
      names = {"-m", "--mem"},
      paramLabel = "SIZE",
      defaultValue = "512M",
      description = "Memory, such as 512M or 4G (default: ${DEFAULT-VALUE}).")
  private String memory;

  @Option(
      names = "--disk",
      paramLabel = "FILE[,ro][,serial=S][,cache=none|writeback|writethrough]",
      description = "A raw disk image; may be given several times. The first is the root disk.")
  private List<String> disks = new ArrayList<>();

  @Option(
      names = "--share",
      paramLabel = "TAG=DIR[,ro]",
      description =
          "A directory that the guest can mount: mount -t 9p -o trans=virtio TAG /mnt; may be given"
              + " several times.")
  private List<String> shares = new ArrayList<>();

  @Option(
      names = "--vsock",
      paramLabel = "CID[,path=SOCKET]",
      description =
          "Sockets between guest and host without a network: the host connects to SOCKET and says"
              + " CONNECT PORT; port P of the host is SOCKET_P. By default it is NAME.vsock beside"
              + " the control socket.")
  private String vsock;

  @Option(
      names = "--net",
      paramLabel = "user|tap[:NAME]|link:FOLDER[,mac=M][,mtu=N]|none",
      description =
          "A network card; may be given several times. user reaches what the host reaches, tap is an"
              + " interface of the host, link joins guests. The default is user where passt is"
              + " installed, else none.")
  private List<String> nets = new ArrayList<>();

  @Option(
      names = "--publish",
      paramLabel = "[ADDRESS:]HOST:GUEST[/udp]",
      description = "A port of the host that leads to one of the guest, by way of --net user.")
  private List<String> publish = new ArrayList<>();

  @Option(names = "--initrd", paramLabel = "FILE", description = "An initial RAM disk.")
  private Path initrd;

  @Option(
      names = "--append",
      paramLabel = "ARGS",
      description = "More arguments for the kernel, behind the usual ones.")
  private List<String> append = new ArrayList<>();

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description =
          "What the guest is called in lists of processes and by other commands; by default the"
              + " first of guest, guest-2, ... that is free.")
  private String name;

  @Option(
      names = "--cpu",
      paramLabel = "N|any",
      description = "The host's CPU to run on; by default the least busy one.")
  private String cpu;

  @Option(
      names = "--isolation",
      paramLabel = "KIND",
      defaultValue = "auto",
      description =
          "What keeps programs from the kernel's memory: process, key (faster; needs protection keys"
              + " and Linux 6.12 on the host), or auto, which is key where the host can do it"
              + " (default: ${DEFAULT-VALUE}).")
  private Isolation isolation;

  @Option(
      names = "--no-rewrite",
      description =
          "Leave the system calls of programs as they are. In isolation by key, those that a program"
              + " makes often become jumps, in a copy of its code.")
  private boolean noRewrite;

  @Option(
      names = "--slots",
      paramLabel = "N",
      description =
          "At most N programs of the guest have processes of the host at a time, two each, or one by"
              + " key; the others take turns. By default as many as the host can bear.")
  private Integer slots;

  @Option(
      names = {"-d", "--detach"},
      description = "Leave the guest to itself once it starts, and print its name.")
  private boolean detach;

  @Option(names = "--no-reboot", description = "End when the guest reboots.")
  private boolean noReboot;

  @Option(
      names = "--console",
      description = "With a command: show what the guest's console says, on stderr.")
  private boolean showConsole;

  @Option(names = "--log", paramLabel = "FILE", description = "Write the log there, not to stderr.")
  private Path logFile;

  @Option(
      names = {"-v", "--verbose"},
      description = "Log what the devices do, and let the kernel say all it has to say.")
  private boolean verbose;

  /** As lguest had it: memory, kernel, kernel arguments. */
  @Parameters(hidden = true)
  private List<String> habit = new ArrayList<>();

  @ParentCommand private Main main;

  @Override
  public Integer call() throws InterruptedException {
    CpuChoice choice = new CpuChoice();
    followHabit();
    if (cpu != null && !cpu.matches("\\d+|any")) {
      throw new UsageException("--cpu " + cpu + " is no CPU; write a number, or any");
    }
    List<String> command = main.guestCommand();
    if (!command.isEmpty() && initrd != null) {
      throw new UsageException("a command brings its own initrd; leave out --initrd");
    }
    if (detach && !Detached.isChild()) {
      return Detached.start();
    }
    try (NameClaim claim = NameClaim.take(name);
        Log log = Log.open(logFile, verbose)) {
      name = claim.files().name();
      Owner owner = new Owner(claim, detach, log);
      List<DiskOption> disks = disks();
      List<ShareOption> shares = ShareOption.parseAll(this.shares);
      VsockOption vsock = this.vsock == null ? null : VsockOption.parse(this.vsock);
      List<NetOption> nets = NetOptions.parse(this.nets, publish);
      Guest guest =
          new Guest(
              new Guest.Plan(
                  name,
                  kernel(),
                  MemorySize.parse(memory),
                  command.isEmpty() ? userInitrd() : agentInitrd(),
                  commandLine(disks, nets, command),
                  cpu == null ? choice.leastBusy() : cpu,
                  new Programs(isolation, !noRewrite, slots()),
                  command.isEmpty() && !noReboot),
              log);
      Devices devices = new Devices(guest, disks, nets, shares, vsock, log);
      return command.isEmpty()
          ? new TerminalRun(guest, devices, owner).run()
          : new CommandRun(guest, devices, owner, command, showConsole).run();
    }
  }

  private int slots() {
    if (slots != null && slots < 2) {
      throw new UsageException("--slots " + slots + " is too few; a guest needs two");
    }
    return slots == null ? Programs.MANY : slots;
  }

  private void followHabit() {
    if (habit.isEmpty()) {
      return;
    }
    if (!habit.get(0).matches("\\d+[A-Za-z]*") || habit.size() < 2) {
      throw new UsageException(
          "unknown argument "
              + habit.get(0)
              + "; write --kernel FILE, or memory and kernel as in: lodger run 512 vmlinux");
    }
    memory = habit.get(0);
    kernel = Path.of(habit.get(1));
    append.addAll(0, habit.subList(2, habit.size()));
  }

  private Path kernel() {
    return kernel != null
        ? KernelCommand.resolve(kernel)
        : fromSetup("LODGER_KERNEL", "a kernel: give one with --kernel");
  }

  /** What the lodger script has made and tells us about. */
  private static Path fromSetup(String variable, String what) {
    String path = System.getenv(variable);
    if (path == null || path.isEmpty()) {
      throw new UsageException("there is no " + variable + ", so name " + what);
    }
    return Path.of(path);
  }

  private List<DiskOption> disks() {
    if (!disks.isEmpty()) {
      return disks.stream().map(DiskOption::parse).toList();
    }
    String root = System.getenv().getOrDefault("LODGER_ROOT", "");
    return initrd != null || root.isEmpty() ? List.of() : List.of(DiskOption.plain(Path.of(root)));
  }

  private byte[] userInitrd() {
    return initrd == null ? new byte[0] : read(initrd, "initrd");
  }

  private static byte[] agentInitrd() {
    Path agent = fromSetup("LODGER_AGENT", "the agent's program there");
    return new Initramfs().program("init", read(agent, "agent")).finish();
  }

  private static byte[] read(Path file, String what) {
    try {
      return Files.readAllBytes(file);
    } catch (NoSuchFileException e) {
      throw new UsageException("no " + what + " " + file);
    } catch (IOException e) {
      throw new UsageException("cannot read the " + what + " " + file + ": " + e.getMessage());
    }
  }

  private String commandLine(List<DiskOption> disks, List<NetOption> nets, List<String> command) {
    List<String> words = new ArrayList<>(List.of("console=hvc0"));
    if (!disks.isEmpty()) {
      words.add("root=/dev/vda");
      words.add(disks.get(0).readOnly() ? "ro" : "rw");
    }
    if (!command.isEmpty() && !verbose && !showConsole) {
      words.add("quiet");
    }
    for (int i = 0; i < nets.size(); i++) {
      nets.get(i).kernelArgument(i).ifPresent(words::add);
    }
    words.addAll(append);
    return String.join(" ", words);
  }
}
