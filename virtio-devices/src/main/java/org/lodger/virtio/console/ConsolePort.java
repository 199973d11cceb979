// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.console;

import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;

/** One port of a console device: a byte stream in each direction. */
public final class ConsolePort {
  private final String name;
  private final PortInput input = new PortInput();
  private final PortOutput output;

  /**
   * @param name what the guest finds in /sys/class/virtio-ports/.../name
   * @param output takes what the guest writes, on a thread of the port's own
   */
  public ConsolePort(String name, GuestOutput output) {
    this.name = name;
    this.output = new PortOutput(name, output);
  }

  public String name() {
    return name;
  }

  /**
   * Sends bytes to the guest. Blocks until the guest has a reader and has taken all of them into
   * its buffers; nothing is dropped. Several threads may send: each call's bytes stay together.
   *
   * @return false if the device was closed before the guest took all bytes
   */
  public boolean send(byte[] bytes, int offset, int length) throws InterruptedException {
    return input.send(bytes, offset, length);
  }

  void activate(VirtQueue receive, VirtQueue transmit, DeviceHost host, boolean open) {
    input.attach(receive, host, open);
    output.attach(transmit, host);
  }

  void guestOpened(boolean open) {
    input.guestOpened(open);
  }

  void receiveBuffersAdded() {
    input.buffersAdded();
  }

  void transmitted() {
    output.transmitted();
  }

  void reset() {
    input.detach();
    output.detach();
  }

  void close() {
    input.close();
    output.close();
  }
}
