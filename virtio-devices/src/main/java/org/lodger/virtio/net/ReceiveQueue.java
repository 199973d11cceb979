// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.util.ArrayDeque;
import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;
import org.lodger.virtio.VirtQueue;

/**
 * The queue of buffers for frames. Without mergeable buffers a frame gets one chain; with them it
 * gets as many as it needs, so enough for the largest frame are always taken in advance.
 */
final class ReceiveQueue {
  private final VirtQueue queue;
  private final boolean mergeable;
  private final long wanted;
  private final ArrayDeque<DescriptorChain> chains = new ArrayDeque<>();
  private final ArrayDeque<Integer> pieces = new ArrayDeque<>();
  private final Segments room;

  /**
   * @param wanted the bytes of the largest frame, header included
   */
  ReceiveQueue(VirtQueue queue, Segments room, boolean mergeable, long wanted) {
    this.queue = queue;
    this.room = room;
    this.mergeable = mergeable;
    this.wanted = wanted;
  }

  /** Room for the next frame, or null if the driver has to provide some first. */
  Segments room() {
    while (mergeable ? room.bytes() < wanted : chains.isEmpty()) {
      DescriptorChain chain = queue.next();
      if (chain == null) {
        return null;
      }
      if (chain.readableBytes() > 0) {
        throw new BadRingException("buffer for frames with readable bytes");
      }
      if (chain.writableBytes() < NetHeader.BYTES) {
        throw new BadRingException("buffer for frames of " + chain.writableBytes() + " bytes");
      }
      int before = room.count();
      chain.forEachWritable(0, chain.writableBytes(), room::add);
      chains.add(chain);
      pieces.add(room.count() - before);
    }
    return room;
  }

  /** Gives the driver the frame that was put into the room; true if it wants an interrupt. */
  boolean deliver(long bytes) {
    int buffers = 0;
    for (long rest = bytes, used; rest > 0; rest -= used) {
      DescriptorChain chain = chains.remove();
      used = Math.min(rest, chain.writableBytes());
      if (buffers++ == 0) {
        first(chain, bytes);
      }
      queue.complete(chain, used);
      room.dropFirst(pieces.remove());
    }
    return queue.publish();
  }

  /** The driver must not see a chain before it knows how many belong together. */
  private void first(DescriptorChain chain, long bytes) {
    int buffers = 1;
    long rest = bytes - chain.writableBytes();
    for (DescriptorChain next : chains) {
      if (rest <= 0) {
        break;
      }
      rest -= next.writableBytes();
      buffers++;
    }
    chain.write(NetHeader.NUM_BUFFERS, new byte[] {(byte) buffers, (byte) (buffers >> 8)}, 0, 2);
  }

  /** See {@link VirtQueue#requestNotifications}. */
  boolean requestNotifications() {
    return queue.requestNotifications();
  }

  void suppressNotifications() {
    queue.suppressNotifications();
  }
}
