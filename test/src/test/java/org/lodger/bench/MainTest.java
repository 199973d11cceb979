// SPDX-License-Identifier: Apache-2.0
package org.lodger.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MainTest {
  /** Said in one line, before anything is prepared. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--only micro,nano | no group nano; there are micro, compute, disk, net, boot, apps",
        "--systems xen | no system xen; there are native, lodger,",
        "--rounds -1 | --rounds -1",
        "--rounds many | --rounds",
        "--cpu 4096 | there is no such processor",
        "--json /nonexistent/r.json | there is no folder /nonexistent",
        "--fast | --fast",
        "compare | compare --help",
        "compare /nonexistent/a /nonexistent/b | no file /nonexistent/a",
        "compare /proc/version /proc/version | is no JSON of lodger bench",
      })
  void refuses(String line, String said) {
    StringWriter err = new StringWriter();
    assertEquals(2, Main.execute(new PrintWriter(err, true), line.split(" ")));
    assertEquals(1, err.toString().lines().count(), err.toString());
    assertTrue(err.toString().startsWith("lodger: "), err.toString());
    assertTrue(err.toString().contains(said), err.toString());
  }
}
