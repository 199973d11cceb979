// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodger.test.jit.Count;

/**
 * Programs that write code and run it, as Debian packages them. Node and Java want memory that is
 * writable and executable at once, which costs them the protection key; LuaJIT writes first, and
 * keeps it. None of them may notice.
 */
class DemotionIT {
  private static final Duration LIMIT = Duration.ofSeconds(120);
  private static final int ROUNDS = 40;
  private static final String JAVA = "/usr/lib/jvm/java-17-openjdk-amd64/bin/java";

  @TempDir static Path folder;
  private static Path disk;

  /** Packages are extracted, not installed: programs need their files, not their packages' scripts. */
  @BeforeAll
  static void makeDisk() {
    Assumptions.assumeTrue(Host.has("mmdebstrap"), "mmdebstrap is missing");
    Path programs = Path.of(Count.class.getResource("/").getPath(), "org/lodger/test/jit");
    Path tar = folder.resolve("compilers.tar");
    Host.Output fetched =
        Host.call(
            "mmdebstrap", "--quiet", "--variant=extract", "--format=tar",
            "--include=busybox-static,nodejs,openjdk-17-jre-headless,luajit",
            "--extract-hook=mkdir -p \"$1/proc\" \"$1/dev\" \"$1/sys\" \"$1/run\" \"$1/opt/org/lodger/test\"",
            "--extract-hook=cp -R '" + programs + "' \"$1/opt/org/lodger/test\"",
            "--extract-hook=for name in sh true mount; do ln -s busybox \"$1/bin/$name\"; done",
            "bookworm", tar.toString());
    Assumptions.assumeTrue(fetched.status() == 0, "no Debian packages to be had: " + fetched.text());
    disk = folder.resolve("compilers.img");
    Lodger.Result made =
        Lodger.of("image", "create", disk.toString(), "--from", tar.toString(), "--size", "1G").finish();
    assertEquals(0, made.status(), made::toString);
  }

  private static JsonObject metrics(String name) {
    return JsonParser.parseString(new Control(name).get("/v1/metrics").body()).getAsJsonObject();
  }

  private static boolean hasKeys() {
    return Lodger.run("--isolation", "key").command("true").finish().status() == 0;
  }

  @Test
  void compilersRunWhereverTheyMay() {
    Lodger.Running guest =
        Lodger.run("--mem", "1G", "--name", "compilers").disk(disk, "ro").shell(
            "cd /opt/org/lodger/test/jit; luajit count.lua " + ROUNDS + "; echo first; read go;"
                + "while :; do /bin/true; done & "
                + JAVA + " -cp /opt org.lodger.test.jit.Count " + ROUNDS + " & one=$!;"
                + "node count.js " + ROUNDS + " & two=$!;"
                + "luajit count.lua " + ROUNDS + ";"
                + "wait $one; wait $two; echo second; read go").start();
    String right = Count.result(ROUNDS);
    guest.expect("first", LIMIT);
    JsonObject before = metrics("compilers");
    guest.type("\n");
    guest.expect("second", LIMIT);
    JsonObject after = metrics("compilers");
    guest.type("\n");
    assertEquals(0, guest.await(LIMIT), guest::toString);
    String out = new String(guest.stdout());
    for (String program : new String[] {"luajit", "java", "node"}) {
      assertTrue(out.contains(program + " " + right + "\n"), guest::toString);
    }
    assertEquals(2, out.split("luajit " + right, -1).length - 1, guest::toString);
    System.out.println("demotions: " + before.get("demotions") + ", then " + after.get("demotions"));
    System.out.println("spaces now: " + after.get("spaces"));

    // Elsewhere every program is isolated by process from the start.
    if (hasKeys()) {
      assertEquals(0, demotions(before), "LuaJIT lost its key: " + before);
      assertTrue(demotions(after) >= 2, "a compiler wrote code behind a key: " + after);
      assertTrue(after.getAsJsonObject("spaces").get("key").getAsLong() > 0, after::toString);
    }
  }

  private static long demotions(JsonObject metrics) {
    JsonObject reasons = metrics.getAsJsonObject("demotions");
    return reasons.keySet().stream().mapToLong(reason -> reasons.get(reason).getAsLong()).sum();
  }
}
