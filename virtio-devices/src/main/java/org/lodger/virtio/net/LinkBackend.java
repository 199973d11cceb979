// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.lodger.hypercall.host.Host;

/**
 * An Ethernet segment of guests of one user on one host. Each pair of launchers shares a ring of
 * memory each way. A frame goes to the guest that its address was last seen from, or to all.
 * Headers pass through, so a checksum or segment that never leaves the host is never finished.
 *
 * <p>The launchers trust each other, being one user's; their guests trust nobody. Of a frame that
 * comes in, only the header means anything to the guest's driver: it is checked here.
 */
public final class LinkBackend implements NetBackend, LinkMembers.Listener {
  /** A guest that pretends to be more cards than this makes everybody learn again. */
  private static final int KNOWN_MAX = 1024;

  private static final int RETRY_MILLIS = 5;
  private static final int ADDRESSES = 12;
  private static final long MULTICAST = 1L << 40;

  private final Consumer<String> log;
  private final int doorbell = Host.eventfd();

  /** Held while frames are sent, and while a peer's memory is unmapped. */
  private final Object sending = new Object();

  /** Held while frames are received, and while a peer's memory is unmapped. */
  private final Object receiving = new Object();

  /** Those with whom frames are exchanged. Replaced, never changed. */
  private volatile LinkPeer[] peers = {};

  private final Map<Long, LinkPeer> known = new ConcurrentHashMap<>();
  private final byte[] addresses = new byte[ADDRESSES];
  private final byte[] header = new byte[NetHeader.BYTES + ADDRESSES];
  private final byte[] checkedHeader = new byte[NetHeader.BYTES];
  private final long[] polls = new long[2];
  private final LinkMembers members;
  private volatile long accepted;
  private int turn;

  private LinkBackend(Path folder, Consumer<String> log) {
    this.log = log;
    members = new LinkMembers(folder, doorbell, this, log);
  }

  /**
   * Joins the link, and makes it if nobody is there.
   *
   * @param folder in which its members meet; made if need be, removed by the last one
   * @param log gets a line about a member that breaks the rules
   * @throws NetException if that is not possible
   */
  public static LinkBackend join(Path folder, Consumer<String> log) {
    return new LinkBackend(folder, log);
  }

  @Override
  public void joined(LinkPeer peer) {
    synchronized (receiving) {
      List<LinkPeer> more = new ArrayList<>(List.of(peers));
      more.add(peer);
      peers = more.toArray(LinkPeer[]::new);
    }
    Host.signal(doorbell); // it may have sent before we looked
  }

  @Override
  public void left(LinkPeer peer) {
    synchronized (sending) {
      synchronized (receiving) {
        List<LinkPeer> fewer = new ArrayList<>(List.of(peers));
        fewer.remove(peer);
        peers = fewer.toArray(LinkPeer[]::new);
        known.values().removeIf(peer::equals);
      }
    }
  }

  @Override
  public long offloads() {
    return NetFeatures.TCP_OFFLOADS | NetFeatures.UDP_OFFLOADS;
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
    synchronized (sending) {
      frame.read(NetHeader.BYTES, addresses);
      long to = address(addresses, 0);
      LinkPeer peer = (to & MULTICAST) != 0 ? null : known.get(to);
      if (peer != null) {
        return send(peer, frame);
      }
      for (LinkPeer each : peers) {
        flood(each, frame);
      }
      return true;
    }
  }

  private boolean send(LinkPeer peer, Segments frame) {
    try {
      return peer.send(frame);
    } catch (LinkRing.BrokenException e) {
      dismiss(peer, e);
      return true;
    }
  }

  /** Nobody waits for room with a frame that is for all. */
  private void flood(LinkPeer peer, Segments frame) {
    try {
      peer.offer(frame);
    } catch (LinkRing.BrokenException e) {
      dismiss(peer, e);
    }
  }

  @Override
  public long receive(Segments room) {
    synchronized (receiving) {
      LinkPeer[] all = peers;
      for (int i = 0; i < all.length; i++) {
        turn = turn + 1 < all.length ? turn + 1 : 0;
        long bytes = receive(all[turn], room);
        if (bytes > 0) {
          return bytes;
        }
      }
      return 0;
    }
  }

  /** The next good frame of that peer, or 0. */
  private long receive(LinkPeer peer, Segments room) {
    try {
      for (int bytes = peer.in.next(); bytes > 0; bytes = peer.in.next()) {
        boolean good = take(peer, bytes, room);
        if (peer.in.remove()) {
          peer.wake();
        }
        if (good) {
          return bytes;
        }
      }
    } catch (LinkRing.BrokenException e) {
      dismiss(peer, e);
    }
    return 0;
  }

  private boolean take(LinkPeer peer, int bytes, Segments room) {
    peer.in.read(0, header);
    System.arraycopy(header, 0, checkedHeader, 0, NetHeader.BYTES);
    if (bytes > room.bytes()
        || !NetHeader.isAcceptable(checkedHeader, bytes - NetHeader.BYTES, accepted)) {
      return false;
    }
    learn(address(header, NetHeader.BYTES + 6), peer);
    room.write(0, checkedHeader);
    peer.in.read(NetHeader.BYTES, room);
    return true;
  }

  private void learn(long from, LinkPeer peer) {
    if ((from & MULTICAST) == 0 && known.get(from) != peer) {
      if (known.size() >= KNOWN_MAX) {
        known.clear();
      }
      known.put(from, peer);
    }
  }

  private static long address(byte[] bytes, int at) {
    long value = 0;
    for (int i = 0; i < 6; i++) {
      value = value << 8 | bytes[at + i] & 0xff;
    }
    return value;
  }

  private void dismiss(LinkPeer peer, LinkRing.BrokenException why) {
    if (peer.dismiss()) {
      log.accept("link: a member is cut off: " + why.getMessage());
      members.dismiss(peer);
    }
  }

  @Override
  public void await(int wake, boolean toReceive, boolean toSend) {
    if (toReceive && !fallAsleep()) {
      return;
    }
    polls[0] = Host.pollFor(wake, Host.POLLIN);
    polls[1] = Host.pollFor(doorbell, Host.POLLIN);
    Host.poll(polls, 2, toSend ? RETRY_MILLIS : -1);
    if (Host.polled(polls[0]) != 0) {
      Host.await(wake);
    }
    if (Host.polled(polls[1]) != 0) {
      Host.await(doorbell);
    }
    if (toReceive) {
      wakeUp();
    }
  }

  /** Asks all peers to wake us; false if a frame came meanwhile. */
  private boolean fallAsleep() {
    synchronized (receiving) {
      for (LinkPeer peer : peers) {
        peer.in.sleep();
      }
      for (LinkPeer peer : peers) {
        if (!peer.isDismissed() && !peer.in.isEmpty()) {
          wakeUp();
          return false;
        }
      }
      return true;
    }
  }

  private void wakeUp() {
    synchronized (receiving) {
      for (LinkPeer peer : peers) {
        peer.in.awake();
      }
    }
  }

  @Override
  public void close() {
    members.close();
    Host.close(doorbell);
  }
}
