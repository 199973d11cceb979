// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.console;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;
import org.lodger.virtio.VirtioDevice;

/**
 * The console device (virtio 1.2, section 5.3), in one of two shapes: a terminal with a size, which
 * Linux shows as /dev/hvcN; or several named byte streams, which it shows as /dev/vportNpM.
 */
public final class ConsoleDevice implements VirtioDevice {
  private static final int DEVICE_ID = 3;
  private static final long F_SIZE = 1;
  private static final long F_MULTIPORT = 1 << 1;

  /** Linux fills the receive queue with a page for each entry at start: keep it small. */
  private static final int RECEIVE_QUEUE_SIZE = 16;

  private static final int TRANSMIT_QUEUE_SIZE = 64;
  private static final int CONTROL_RECEIVE_QUEUE = 2;

  private final String name;
  private final List<ConsolePort> ports;
  private final ControlChannel control;
  private volatile int size;
  private volatile DeviceHost host;

  private ConsoleDevice(String name, List<ConsolePort> ports, ControlChannel control) {
    this.name = name;
    this.ports = ports;
    this.control = control;
  }

  public static ConsoleDevice terminal(String name, ConsolePort port) {
    return new ConsoleDevice(name, List.of(port), null);
  }

  public static ConsoleDevice multiport(String name, ConsolePort... ports) {
    return new ConsoleDevice(name, List.of(ports), new ControlChannel(List.of(ports)));
  }

  /** The size of the terminal in characters; may be called at any time. */
  public void resize(int columns, int rows) {
    size = rows << 16 | columns & 0xffff;
    DeviceHost to = host;
    if (to != null) {
      to.configChanged();
    }
  }

  @Override
  public int deviceId() {
    return DEVICE_ID;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public long features() {
    return control == null ? F_SIZE : F_MULTIPORT;
  }

  @Override
  public int queueCount() {
    return control == null ? 2 : 2 * ports.size() + 2;
  }

  @Override
  public int queueSizeMax(int queue) {
    return queue % 2 == 0 ? RECEIVE_QUEUE_SIZE : TRANSMIT_QUEUE_SIZE;
  }

  /** {@code le16 cols; le16 rows; le32 max_nr_ports; le32 emerg_wr;}. */
  @Override
  public byte[] config() {
    return ByteBuffer.allocate(12)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(size)
        .putInt(ports.size())
        .array();
  }

  @Override
  public void activate(long acceptedFeatures, VirtQueue[] queues, DeviceHost host) {
    this.host = host;
    // A driver without multiport sees one port, and that one is always open.
    boolean multiport = control != null && (acceptedFeatures & F_MULTIPORT) != 0;
    int active = multiport ? ports.size() : 1;
    for (int i = 0; i < active; i++) {
      int receive = receiveQueue(i);
      ports.get(i).activate(queues[receive], queues[receive + 1], host, !multiport);
    }
    if (multiport) {
      control.attach(queues[CONTROL_RECEIVE_QUEUE], queues[CONTROL_RECEIVE_QUEUE + 1], host);
    }
    if (size != 0) {
      // Linux looks at the size only when it is told of a change.
      host.configChanged();
    }
  }

  /** Port 0 has the first two queues; then come the control queues, then the other ports. */
  private static int receiveQueue(int port) {
    return port == 0 ? 0 : 2 * port + 2;
  }

  @Override
  public void notified(int queue) {
    int pair = queue / 2;
    if (control != null && pair == CONTROL_RECEIVE_QUEUE / 2) {
      control.serve();
      return;
    }
    ConsolePort port = ports.get(pair == 0 ? 0 : pair - 1);
    if (queue % 2 == 0) {
      port.receiveBuffersAdded();
    } else {
      port.transmitted();
    }
  }

  @Override
  public void reset() {
    host = null;
    ports.forEach(ConsolePort::reset);
    if (control != null) {
      control.detach();
    }
  }

  /** Blocks until the host has taken all that the guest wrote. */
  @Override
  public void close() {
    ports.forEach(ConsolePort::close);
  }
}
