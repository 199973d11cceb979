// SPDX-License-Identifier: Apache-2.0
package org.lodger.test;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Nothing that docs/overhead records has become twice as slow. */
class GuardIT {
  @Test
  void nothingBecameTwiceAsSlow() {
    assumeTrue(Host.root(), "as an ordinary user the benchmarks may lack user namespaces");
    assumeTrue(Files.exists(Path.of("/usr/bin/apt-get")), "the benchmarks' root is a Debian");
    Host.Output output = Host.call(Lodger.HOME.resolve("lodger").toString(), "bench", "guard");
    System.out.println(output.text());
    assumeTrue(!output.text().contains("cannot fetch Debian packages"), output.text());
    assumeTrue(!output.text().contains("without native: "), output.text());
    assertEquals(0, output.status(), output.text());
  }
}
