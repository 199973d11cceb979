// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

/** Feature bits of the network device (virtio 1.2, section 5.1.3). */
final class NetFeatures {
  static final long CSUM = 1L << 0;
  static final long GUEST_CSUM = 1L << 1;
  static final long MTU = 1L << 3;
  static final long MAC = 1L << 5;
  static final long GUEST_TSO4 = 1L << 7;
  static final long GUEST_TSO6 = 1L << 8;
  static final long GUEST_ECN = 1L << 9;
  static final long HOST_TSO4 = 1L << 11;
  static final long HOST_TSO6 = 1L << 12;
  static final long HOST_ECN = 1L << 13;
  static final long MRG_RXBUF = 1L << 15;
  static final long STATUS = 1L << 16;
  static final long GUEST_USO4 = 1L << 54;
  static final long GUEST_USO6 = 1L << 55;
  static final long HOST_USO = 1L << 56;

  /** Unfinished checksums and TCP segments of up to 64 KiB, both ways. */
  static final long TCP_OFFLOADS =
      CSUM | GUEST_CSUM | GUEST_TSO4 | GUEST_TSO6 | GUEST_ECN | HOST_TSO4 | HOST_TSO6 | HOST_ECN;

  /** The same for UDP. */
  static final long UDP_OFFLOADS = GUEST_USO4 | GUEST_USO6 | HOST_USO;

  /** With one of these a frame for the guest may be 64 KiB long, whatever the MTU. */
  static final long GUEST_GSO = GUEST_TSO4 | GUEST_TSO6 | GUEST_USO4 | GUEST_USO6;

  private NetFeatures() {}
}
