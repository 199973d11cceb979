// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.cli;

import java.util.concurrent.Callable;
import org.lodger.launcher.doctor.Doctor;
import picocli.CommandLine.Command;

@Command(
    name = "doctor",
    description = "Say what this host offers, what is missing, and how to get it.",
    footer = "The exit status is 0 if guests can run here, else 1.")
final class DoctorCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    Doctor doctor = Doctor.examine();
    System.out.print(doctor.report());
    return doctor.guestsCanRun() ? 0 : 1;
  }
}
