// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fifty guests at once, and what each costs. Slow: they start one after the other. */
@Tag("slow")
class ManyGuestsIT {
  private static final int COUNT = 50;
  private static final int NEEDED_MIB = COUNT * 120;
  private static final Duration LIMIT = Duration.ofMinutes(3);

  @TempDir private Path folder;
  private final List<String> running = new ArrayList<>();

  /** One after the other: a host that frees a thousand filters at once may not come back. */
  @AfterEach
  void end() {
    for (String name : running) {
      Lodger.of("kill", name).finish();
    }
  }

  private Lodger guest(int number) {
    return Lodger.run("--name", "many-" + number, "--mem", "64M")
        .with("--net", "link:" + folder.resolve("segment"))
        .with("--append", "ip=10.8.0." + number + ":::255.255.255.0::eth0:off")
        .disk(Disks.programs(), "ro")
        .within(LIMIT);
  }

  @Test
  void fiftyAnswerOnALinkAndLeaveNothing() throws IOException {
    Assumptions.assumeTrue(availableMib() > NEEDED_MIB, "not " + NEEDED_MIB + " MiB of memory available");
    long start = System.nanoTime();
    for (int i = 1; i <= COUNT; i++) {
      Lodger.Result started = guest(i).with("--detach").command("sleep", "100000").finish();
      running.add("many-" + i);
      assertEquals(0, started.status(), started::toString);
    }
    double startSeconds = (System.nanoTime() - start) / 1e9;
    Lodger.Result asked =
        guest(COUNT + 1)
            .shell(
                "for i in $(seq " + COUNT + "); do for try in 1 2 3; do"
                    + " ping -q -c 1 -W 5 10.8.0.$i >/dev/null && echo $i && break; done; done")
            .finish();
    String all = IntStream.rangeClosed(1, COUNT).mapToObj(i -> i + "\n").collect(Collectors.joining());
    assertEquals(all, asked.out(), asked::toString);

    long launchers = 0;
    long others = 0;
    int processes = 0;
    for (String name : running) {
      List<Long> own = Host.guestProcesses(name);
      processes += 1 + own.size();
      launchers += memory(launcher(name));
      for (long pid : own) {
        others += memory(pid);
      }
    }
    System.out.printf(
        "%d guests of 64 MiB: started in %.0f s; each %.1f processes, %.1f MB for its launcher, %.1f MB for the others%n",
        COUNT, startSeconds, (double) processes / COUNT, launchers / 1e6 / COUNT, others / 1e6 / COUNT);

    for (String name : List.copyOf(running)) {
      Lodger.Result stopped = Lodger.of("stop", name).within(LIMIT).finish();
      assertEquals(0, stopped.status(), stopped::toString);
      assertTrue(Host.gone(name), name);
      running.remove(name);
    }
    Lodger.Result list = Lodger.of("ps").finish();
    assertFalse(list.out().contains("many-"), list::toString);
    assertFalse(Files.exists(folder.resolve("segment")));
  }

  private static long launcher(String name) {
    String guest = new Control(name).get("/v1/guest").body();
    return Long.parseLong(guest.replaceAll("(?s).*\"pid\": (\\d+).*", "$1"));
  }

  /** Bytes, each shared page counted in parts. */
  private static long memory(long pid) throws IOException {
    return 1024 * field(Path.of("/proc/" + pid + "/smaps_rollup"), "Pss:");
  }

  private static long availableMib() throws IOException {
    return field(Path.of("/proc/meminfo"), "MemAvailable:") >> 10;
  }

  private static long field(Path file, String name) throws IOException {
    try (var lines = Files.lines(file)) {
      return lines
          .filter(line -> line.startsWith(name))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D+", "")))
          .findFirst()
          .orElseThrow();
    }
  }
}
