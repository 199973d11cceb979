// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.net;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lodger.launcher.Programs;
import org.lodger.launcher.UsageException;
import org.lodger.virtio.net.PasstBackend;
import org.lodger.virtio.net.PasstProcess;

/**
 * The addresses of a user-mode network, as QEMU chose them: 10.0.2.15 is the guest, 10.0.2.2 the
 * host (its loopback too), 10.0.2.3 answers for the host's name servers. A second card has 10.0.3.
 */
record UserNet(int index) {
  static Optional<Path> program() {
    return Programs.find("passt");
  }

  private String address(int last) {
    return "10.0." + (2 + index) + "." + last;
  }

  String guestAddress() {
    return address(15);
  }

  /** What passt hands out by DHCP, in the words of the kernel's own ip= argument. */
  String kernelArgument() {
    return String.join(
        ":",
        "ip=" + address(15),
        "",
        address(2),
        "255.255.255.0",
        "",
        "eth" + index,
        "off",
        address(3));
  }

  PasstBackend open(String guest, int mtu, List<Publish> ports) {
    Path program =
        program()
            .orElseThrow(
                () -> new UsageException("passt is missing; type: sudo apt-get install passt"));
    Publish.checkDistinct(ports);
    ports.forEach(Publish::checkFree);
    List<String> options = new ArrayList<>();
    add(options, "--address", address(15));
    add(options, "--netmask", "24");
    add(options, "--gateway", address(2));
    add(options, "--dns-forward", address(3));
    add(options, "--mtu", "" + mtu);
    for (Publish port : ports) {
      add(options, port.udp() ? "--udp-ports" : "--tcp-ports", port.option());
    }
    String title = "lodger:" + guest + " passt";
    return new PasstBackend(PasstProcess.start(program.toString(), title, options), mtu);
  }

  private static void add(List<String> options, String name, String value) {
    options.add(name);
    options.add(value);
  }
}
