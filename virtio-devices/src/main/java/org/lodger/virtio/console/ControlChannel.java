// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.console;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;

/**
 * The control queues of a multiport console (virtio 1.2, section 5.3.6.2): the driver learns of the
 * ports and their names, and tells when a program opens one. Device thread only.
 */
final class ControlChannel {
  private final List<ConsolePort> ports;
  private final Queue<byte[]> answers = new ArrayDeque<>();

  private VirtQueue toGuest;
  private VirtQueue fromGuest;
  private DeviceHost host;

  ControlChannel(List<ConsolePort> ports) {
    this.ports = ports;
  }

  void attach(VirtQueue toGuest, VirtQueue fromGuest, DeviceHost host) {
    this.toGuest = toGuest;
    this.fromGuest = fromGuest;
    this.host = host;
  }

  void detach() {
    toGuest = null;
    fromGuest = null;
    answers.clear();
  }

  /** Either control queue has new buffers. */
  void serve() {
    if (toGuest == null || fromGuest == null) {
      return;
    }
    // The driver takes its answers before we take its next message: so their number is bounded.
    while (answersSent()) {
      DescriptorChain chain = fromGuest.next();
      if (chain != null) {
        receive(chain);
      } else if (!fromGuest.requestNotifications()) {
        break;
      }
    }
    boolean interrupt = toGuest.publish();
    if (fromGuest.publish() || interrupt) {
      host.interruptQueues();
    }
  }

  private boolean answersSent() {
    while (!answers.isEmpty()) {
      DescriptorChain chain = toGuest.next();
      if (chain != null) {
        byte[] message = answers.remove();
        if (chain.write(0, message, 0, message.length) < message.length) {
          throw new BadRingException("control buffer too small for a message");
        }
        toGuest.complete(chain, message.length);
      } else if (!toGuest.requestNotifications()) {
        return false;
      }
    }
    return true;
  }

  private void receive(DescriptorChain chain) {
    byte[] bytes = new byte[ControlMessage.BYTES];
    if (chain.read(0, bytes, 0, bytes.length) < bytes.length) {
      throw new BadRingException("control message too short");
    }
    fromGuest.complete(chain, 0);
    handle(ControlMessage.decode(bytes));
  }

  private void handle(ControlMessage message) {
    int id = message.port();
    if (message.event() == ControlMessage.DEVICE_READY) {
      for (int i = 0; i < ports.size(); i++) {
        answers.add(new ControlMessage(i, ControlMessage.DEVICE_ADD, 1).encode());
      }
    } else if (id >= 0 && id < ports.size()) {
      ConsolePort port = ports.get(id);
      if (message.event() == ControlMessage.PORT_READY && message.value() == 1) {
        answers.add(new ControlMessage(id, ControlMessage.PORT_NAME, 1).encode(port.name()));
        answers.add(new ControlMessage(id, ControlMessage.PORT_OPEN, 1).encode());
      } else if (message.event() == ControlMessage.PORT_OPEN) {
        port.guestOpened(message.value() == 1);
      }
    }
  }
}
