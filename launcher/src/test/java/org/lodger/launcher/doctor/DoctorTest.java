// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodger.launcher.UsageException;

/** Diagnoses from probes that answer what a test wants. */
class DoctorTest {
  private static final String GOOD =
      """
      seccomp-filter=yes
      seccomp-notification=yes
      killable-wait=yes
      memfd-exec=yes
      xsave=yes
      """;

  @TempDir Path temp;

  private Doctor doctor(String answers) throws IOException {
    Path probe = temp.resolve("probe");
    Files.writeString(probe, "#!/bin/sh\ncat <<'END'\n" + answers + "END\n");
    assertTrue(probe.toFile().setExecutable(true));
    return Doctor.examine(probe.toString(), temp);
  }

  @Test
  void guestsRunWithoutKeysAndKvm() throws IOException {
    Doctor doctor = doctor(GOOD + "protection-keys=this CPU or kernel has none\nkvm=no\n");
    assertTrue(doctor.guestsCanRun());
    assertTrue(doctor.report().contains("no: protection-keys: this CPU or kernel has none"));
  }

  @Test
  void namesWhatGuestsLack() throws IOException {
    Doctor doctor =
        doctor(GOOD.replace("seccomp-notification=yes", "seccomp-notification=Permission denied"));
    assertFalse(doctor.guestsCanRun());
    assertTrue(doctor.report().startsWith("Guests cannot run on this host."));
    assertTrue(doctor.report().contains("no: seccomp-notification: Permission denied"));
  }

  @Test
  void aProbeThatDiesEarlyIsNoYes() throws IOException {
    assertFalse(doctor("seccomp-filter=yes\n").guestsCanRun());
  }

  @Test
  void warnsWhereKillingIsSlow() throws IOException {
    String report =
        doctor(GOOD.replace("killable-wait=yes", "killable-wait=needs Linux 5.19")).report();
    assertEquals(1, report.lines().filter(line -> line.contains("needs Linux 5.19")).count());
  }

  @Test
  void aMissingProbeIsOneLine() {
    assertThrows(UsageException.class, () -> Doctor.examine("/nonexistent/probe", temp));
  }
}
