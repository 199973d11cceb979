// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall.host;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** TAP interfaces (the host's {@code linux/if_tun.h}): a descriptor whose frames carry headers. */
public final class Tap {
  public static final int NAME_MAX = 15;

  public static final int OFFLOAD_CSUM = 1;
  public static final int OFFLOAD_TSO4 = 2;
  public static final int OFFLOAD_TSO6 = 4;
  public static final int OFFLOAD_TSO_ECN = 8;
  public static final int OFFLOAD_USO4 = 0x20;
  public static final int OFFLOAD_USO6 = 0x40;

  private static final int SIZEOF_IFREQ = 40;
  private static final int IFREQ_FLAGS = 16;
  private static final int IFF_TAP = 2;
  private static final int IFF_NO_PI = 0x1000;
  private static final int IFF_VNET_HDR = 0x4000;
  private static final long TUNSETIFF = 0x400454ca;
  private static final long TUNSETOFFLOAD = 0x400454d0;
  private static final long TUNSETVNETHDRSZ = 0x400454d8;

  private Tap() {}

  /** Opens the interface, or creates it where that is allowed; reads never wait. */
  public static int open(String name, int headerBytes) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > NAME_MAX) {
      throw new IllegalArgumentException("interface name " + name + " is longer than 15 bytes");
    }
    int fd = Host.open("/dev/net/tun", Host.O_RDWR | Host.O_NONBLOCK, 0);
    try {
      byte[] request = new byte[SIZEOF_IFREQ];
      System.arraycopy(bytes, 0, request, 0, bytes.length);
      littleEndian(request).putShort(IFREQ_FLAGS, (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR));
      Host.check(Host.C.ioctl(fd, TUNSETIFF, request), "TUNSETIFF");
      byte[] size = new byte[4];
      littleEndian(size).putInt(0, headerBytes);
      Host.check(Host.C.ioctl(fd, TUNSETVNETHDRSZ, size), "TUNSETVNETHDRSZ");
      return fd;
    } catch (HostException e) {
      Host.close(fd);
      throw e;
    }
  }

  /** What the reader of the descriptor takes besides plain frames: OFFLOAD_ bits. */
  public static void setOffloads(int fd, int offloads) {
    Host.check(Host.C.ioctl(fd, TUNSETOFFLOAD, offloads), "TUNSETOFFLOAD");
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
