// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.lodger.hypercall.host.Host;

/** A cable whose other end is the test. */
final class FakeBackend implements NetBackend {
  final ConcurrentLinkedQueue<byte[]> incoming = new ConcurrentLinkedQueue<>();
  final List<byte[]> sent = new ArrayList<>();
  final int changed = Host.eventfd();
  volatile boolean full;
  volatile String ended;
  volatile long accepted;
  boolean closed;

  @Override
  public long offloads() {
    return NetFeatures.TCP_OFFLOADS;
  }

  @Override
  public int mtu() {
    return 0;
  }

  @Override
  public void start(long accepted) {
    this.accepted = accepted;
  }

  @Override
  public boolean send(Segments frame) {
    check();
    if (full) {
      return false;
    }
    byte[] bytes = new byte[(int) frame.bytes()];
    frame.read(0, bytes);
    synchronized (sent) {
      sent.add(bytes);
    }
    return true;
  }

  @Override
  public long receive(Segments room) {
    check();
    byte[] frame = incoming.poll();
    while (frame != null && frame.length > room.bytes()) {
      frame = incoming.poll();
    }
    if (frame == null) {
      return 0;
    }
    room.write(0, frame);
    return frame.length;
  }

  private void check() {
    if (ended != null) {
      throw new LinkDownException(ended);
    }
  }

  @Override
  public void await(int wake, boolean toReceive, boolean toSend) {
    check();
    if (toReceive && !incoming.isEmpty() || toSend && !full) {
      return;
    }
    long[] polls = {Host.pollFor(wake, Host.POLLIN), Host.pollFor(changed, Host.POLLIN)};
    Host.poll(polls, 2, -1);
    if (Host.polled(polls[0]) != 0) {
      Host.await(wake);
    }
    if (Host.polled(polls[1]) != 0) {
      Host.await(changed);
    }
    check();
  }

  /** The test has changed something. */
  void change() {
    Host.signal(changed);
  }

  int sentCount() {
    synchronized (sent) {
      return sent.size();
    }
  }

  @Override
  public void close() {
    closed = true;
    Host.close(changed);
  }
}
