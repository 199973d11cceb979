// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;

/**
 * User-mode networking through passt. Frames have no headers there, so there are no offloads; but
 * what passt sends never was on a wire, and the guest need not check its checksums. Large frames
 * make up for the rest: the MTU is the largest that passt takes.
 */
public final class PasstBackend implements NetBackend {
  /** The largest IP packet that passt takes, in bytes. */
  public static final int MTU_MAX = 65520;

  private final PasstProcess passt;
  private final FrameStream stream;
  private final int mtu;
  private final long[] polls = new long[2];
  private final byte[] header = new byte[NetHeader.BYTES];
  private final byte[] sentHeader = new byte[NetHeader.BYTES];

  public PasstBackend(PasstProcess passt, int mtu) {
    this.passt = passt;
    this.mtu = mtu;
    stream = new FrameStream(passt.socket());
  }

  @Override
  public long offloads() {
    return NetFeatures.GUEST_CSUM;
  }

  @Override
  public int mtu() {
    return mtu;
  }

  @Override
  public void start(long accepted) {
    boolean trusting = (accepted & NetFeatures.GUEST_CSUM) != 0;
    header[0] = trusting ? NetHeader.FLAG_DATA_VALID : 0;
  }

  @Override
  public boolean send(Segments frame) {
    frame.read(0, sentHeader);
    if (!stream.isSending() && !NetHeader.isPlain(sentHeader)) {
      return true;
    }
    try {
      return stream.send(frame, NetHeader.BYTES);
    } catch (HostException e) {
      throw ended(e);
    }
  }

  @Override
  public long receive(Segments room) {
    try {
      int length = stream.receive(room, NetHeader.BYTES);
      if (length == 0) {
        return 0;
      }
      room.write(0, header);
      return NetHeader.BYTES + length;
    } catch (FrameStream.EndException | HostException e) {
      throw ended(e);
    }
  }

  @Override
  public void await(int wake, boolean toReceive, boolean toSend) {
    int events = (toReceive ? Host.POLLIN : 0) | (toSend ? Host.POLLOUT : 0);
    polls[0] = Host.pollFor(wake, Host.POLLIN);
    polls[1] = Host.pollFor(stream.fd(), events);
    Host.poll(polls, 2, -1);
    if (Host.polled(polls[0]) != 0) {
      Host.await(wake);
    }
    if ((Host.polled(polls[1]) & Host.POLLHUP) != 0 && !toReceive) {
      throw new LinkDownException("passt has ended: " + passt.lastWords());
    }
  }

  private LinkDownException ended(RuntimeException e) {
    String words = passt.lastWords();
    return new LinkDownException("passt has ended: " + (words.isEmpty() ? e.getMessage() : words));
  }

  @Override
  public void close() {
    stream.close();
    passt.close();
  }
}
