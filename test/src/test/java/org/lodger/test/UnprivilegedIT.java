// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A user without any privilege, who can gain none, can run guests. */
class UnprivilegedIT {
  @TempDir private Path folder;

  /** Copies what a run needs to where everybody can read it: homes are often closed to others. */
  private List<String> javaLine() throws IOException {
    List<String> line = new ArrayList<>(List.of("java"));
    boolean classPath = false;
    for (String quoted : Files.readAllLines(Lodger.HOME.resolve("target/lodger/java.args"))) {
      for (String word : quoted.startsWith("\"") ? new String[] {quoted} : quoted.split(" ")) {
        String option = word.replaceAll("^\"|\"$", "");
        if (classPath) {
          option = copies(option);
        }
        classPath = option.equals("-cp");
        if (!option.contains("SharedArchiveFile")) {
          line.add(option);
        }
      }
    }
    line.add("org.lodger.launcher.cli.Main");
    return line;
  }

  private String copies(String path) throws IOException {
    List<String> copied = new ArrayList<>();
    for (String jar : path.split(":")) {
      Path to = folder.resolve(copied.size() + "-" + Path.of(jar).getFileName());
      Host.must("cp", "-r", jar, to.toString());
      copied.add(to.toString());
    }
    return String.join(":", copied);
  }

  /** Runs a guest as nobody, with the folder as home. */
  private Host.Output asNobody(String... options) throws IOException {
    Assumptions.assumeTrue(Host.root(), "only root can become nobody");
    Path kernel = folder.resolve("vmlinux");
    Path agent = folder.resolve("agent");
    Path root = folder.resolve("root.img");
    String made = Files.readString(Lodger.HOME.resolve("target/lodger/kernel.path")).strip();
    Files.copy(Path.of(made), kernel);
    Files.copy(Lodger.HOME.resolve("target/lodger/agent"), agent);
    Host.must("cp", "--sparse=always", Disks.programs().toString(), root.toString());
    List<String> line =
        new ArrayList<>(
            List.of(
                "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
                "--bounding-set=-all", "--inh-caps=-all", "env", "HOME=" + folder,
                "LODGER_KERNEL=" + kernel, "LODGER_AGENT=" + agent));
    line.addAll(javaLine());
    line.addAll(List.of("run", "--disk", root.toString()));
    line.addAll(List.of(options));
    Host.must("chown", "-R", "65534:65534", folder.toString());
    return Host.call(line.toArray(String[]::new));
  }

  @Test
  void nobodyWithoutNewPrivileges() throws IOException {
    Host.Output output = asNobody("--", "sh", "-c", "/test/cow && echo passed");
    assertEquals("passed\n", output.text());
    assertEquals(0, output.status());
  }

  @Test
  void nobodyShares() throws IOException {
    Assumptions.assumeTrue(Host.has("diod") && Host.has("bwrap"), "diod or bubblewrap is missing");
    Path shared = Files.createDirectory(folder.resolve("shared"));
    String script = "mount -t 9p -o trans=virtio s /mnt && echo x >/mnt/f && stat -c %u /mnt/f && cat /mnt/f";
    Host.Output output = asNobody("--share", "s=" + shared, "--", "sh", "-c", script);
    assertEquals("0\nx\n", output.text());
    assertEquals("65534", Host.must("stat", "-c", "%u", shared.resolve("f").toString()).strip());
  }

  @Test
  void noNewPrivilegesAlone() {
    Lodger.Result result =
        Lodger.run().under("setpriv", "--no-new-privs").command("echo", "passed").finish();
    assertEquals("passed\n", result.out(), result::toString);
  }
}
