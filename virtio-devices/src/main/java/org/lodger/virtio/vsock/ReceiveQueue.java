// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.vsock;

import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;
import org.lodger.virtio.VirtQueue;

/** The guest's empty buffers, one at a time. */
final class ReceiveQueue {
  private final VirtQueue queue;
  private DescriptorChain spare;

  ReceiveQueue(VirtQueue queue) {
    this.queue = queue;
  }

  /** Is there a buffer? If not, the driver rings when it adds one. */
  boolean hasBuffer() {
    while (spare == null) {
      spare = queue.next();
      if (spare == null && !queue.requestNotifications()) {
        return false;
      }
    }
    queue.suppressNotifications();
    if (spare.writableBytes() < Packet.BYTES) {
      throw new BadRingException("receive buffer of " + spare.writableBytes() + " bytes");
    }
    return true;
  }

  /** How much payload the buffer takes, after {@link #hasBuffer}. */
  long room() {
    return spare.writableBytes() - Packet.BYTES;
  }

  /** Fills the buffer with a packet and the payload that belongs to it. */
  void put(Packet packet, byte[] payload) {
    spare.write(0, packet.encode(), 0, Packet.BYTES);
    spare.write(Packet.BYTES, payload, 0, packet.length());
    queue.complete(spare, Packet.BYTES + packet.length());
    spare = null;
  }

  boolean publish() {
    return queue.publish();
  }
}
