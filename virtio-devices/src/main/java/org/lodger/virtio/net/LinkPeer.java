// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import org.lodger.hypercall.host.Host;

/** Another guest on the link, as this one's launcher sees it. */
final class LinkPeer implements AutoCloseable {
  /** A guest that reads nothing for so long has stopped: frames for it are dropped. */
  private static final long PATIENCE_NANOS = 20_000_000;

  final int socket;

  /** Did this side connect, or the other one? */
  final boolean ours;

  /** From the peer to us. */
  final LinkRing in = LinkRing.create();

  /** Its identity; 0 until it has said so. */
  long id;

  /** From us to the peer; null until it has given us one, with the eventfd that wakes it. */
  private LinkRing out;

  private int doorbell = -1;

  /** Cut off; its memory goes away soon. */
  private volatile boolean dismissed;

  private boolean waiting;
  private boolean stalled;
  private long waitingSince;
  private int lastRead;

  LinkPeer(int socket, boolean ours, long id) {
    this.socket = socket;
    this.ours = ours;
    this.id = id;
  }

  /** The peer has said hello. */
  void attach(long id, LinkRing out, int doorbell) {
    this.id = id;
    this.out = out;
    this.doorbell = doorbell;
  }

  boolean isAttached() {
    return out != null;
  }

  /** Believes the peer nothing any more; true the first time. */
  boolean dismiss() {
    boolean first = !dismissed;
    dismissed = true;
    return first;
  }

  boolean isDismissed() {
    return dismissed;
  }

  /** Sends a frame if there is room. */
  boolean offer(Segments frame) {
    if (!out.write(frame)) {
      return false;
    }
    waiting = stalled = false;
    if (out.takeSleeping()) {
      wake();
    }
    return true;
  }

  /** Sends a frame; false if it should be tried again soon. A peer that stands still misses it. */
  boolean send(Segments frame) {
    if (offer(frame) || stalled) {
      return true;
    }
    out.requestRoom();
    if (offer(frame)) {
      return true;
    }
    long now = System.nanoTime();
    int read = out.readIndex();
    if (!waiting || read != lastRead) {
      waiting = true;
      waitingSince = now;
      lastRead = read;
    }
    stalled = now - waitingSince > PATIENCE_NANOS;
    return stalled;
  }

  void wake() {
    Host.signal(doorbell);
  }

  @Override
  public void close() {
    Host.close(socket);
    in.close();
    if (out != null) {
      out.close();
      Host.close(doorbell);
    }
  }
}
