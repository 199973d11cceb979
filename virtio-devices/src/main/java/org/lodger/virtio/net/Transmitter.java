// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;
import org.lodger.virtio.VirtQueue;

/** Empties the queue of frames to send, on whichever thread finds out that it can. */
final class Transmitter {
  /** The driver gets its buffers back in portions of this many, while more frames follow. */
  private static final int PORTION = 16;

  private final VirtQueue queue;
  private final Segments frame;
  private final NetBackend backend;

  /** The frame for which there was no room. */
  private DescriptorChain waiting;

  private volatile boolean blocked;
  private boolean discarding;

  Transmitter(VirtQueue queue, Segments frame, NetBackend backend) {
    this.queue = queue;
    this.frame = frame;
    this.backend = backend;
  }

  /** The back end had no room; the queue stands still until {@link #run} is called again. */
  boolean blocked() {
    return blocked;
  }

  /** From now on frames go nowhere. */
  synchronized void discard() {
    discarding = true;
  }

  /** Sends all it can; true if the driver wants an interrupt for it. */
  synchronized boolean run() {
    boolean interrupt = false;
    int done = 0;
    do {
      queue.suppressNotifications();
      for (DescriptorChain chain = next(); chain != null; chain = queue.next()) {
        if (!send(chain)) {
          waiting = chain;
          blocked = true;
          return queue.publish() | interrupt;
        }
        queue.complete(chain, 0);
        if (++done % PORTION == 0) {
          interrupt |= queue.publish();
        }
      }
      interrupt |= queue.publish();
    } while (queue.requestNotifications());
    blocked = false;
    return interrupt;
  }

  private DescriptorChain next() {
    if (waiting == null) {
      return queue.next();
    }
    DescriptorChain chain = waiting;
    waiting = null;
    return chain;
  }

  private boolean send(DescriptorChain chain) {
    long bytes = chain.readableBytes() - NetHeader.BYTES;
    if (bytes < 0) {
      throw new BadRingException("frame without a header");
    }
    if (discarding || bytes < NetHeader.FRAME_MIN || bytes > NetHeader.FRAME_MAX) {
      return true;
    }
    frame.clear();
    chain.forEachReadable(0, chain.readableBytes(), frame::add);
    return backend.send(frame);
  }
}
