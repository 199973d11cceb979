// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.vsock;

/**
 * Flow control of one connection (virtio 1.2, section 5.10.6.3): each side knows how much the other
 * can still buffer. All counters are modulo 2^32.
 */
final class Credit {
  /** Of our buffer for one connection, in bytes. */
  static final int SPACE = 1 << 17;

  private int peerSpace;
  private int peerForwarded;
  private int sent;

  private int received;
  private int forwarded;
  private int told;

  /** The peer's side, which every packet of its carries. */
  void peerSays(Packet packet) {
    peerSpace = packet.space();
    peerForwarded = packet.forwarded();
  }

  /** How many bytes the peer can take now. A peer that counts wrong gets nothing. */
  long available() {
    long inFlight = Integer.toUnsignedLong(sent - peerForwarded);
    return Math.max(0, Integer.toUnsignedLong(peerSpace) - inFlight);
  }

  void sent(int bytes) {
    sent += bytes;
  }

  /** The peer has sent so many bytes; false if it had no credit for them. */
  boolean received(long bytes) {
    if (bytes > SPACE - (received - forwarded)) {
      return false;
    }
    received += (int) bytes;
    return true;
  }

  /** So many bytes have left our buffer. */
  void forwarded(int bytes) {
    forwarded += bytes;
  }

  /** What goes into {@code fwd_cnt} now. */
  int tell() {
    told = forwarded;
    return forwarded;
  }

  /** Does the peer believe that our buffer is more than half full, while it is not? */
  boolean isWorthTelling() {
    return forwarded - told >= SPACE / 2;
  }
}
