// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.nio.file.Files;
import java.nio.file.Path;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;
import org.lodger.hypercall.host.Tap;

/**
 * A TAP interface of the host. Frames go straight between it and guest memory, headers included:
 * the host checks them as those of any other guest.
 */
public final class TapBackend implements NetBackend {
  private static final int IOV_MAX = 1024;
  private static final int EBADFD = 77;
  private static final int EBUSY = 16;
  private static final int EINVAL = 22;
  private static final int ENODEV = 19;
  private static final int ALL_TCP =
      Tap.OFFLOAD_CSUM | Tap.OFFLOAD_TSO4 | Tap.OFFLOAD_TSO6 | Tap.OFFLOAD_TSO_ECN;

  private final String name;
  private final int fd;
  private final boolean udp;
  private final long[] polls = new long[2];

  private TapBackend(String name, int fd, boolean udp) {
    this.name = name;
    this.fd = fd;
    this.udp = udp;
  }

  /**
   * Opens the interface; creates it where it does not exist and this user may do so.
   *
   * @param name may hold a %d, for which the host puts the first free number
   * @throws NetException if that is not possible
   */
  public static TapBackend open(String name) {
    try {
      int fd = Tap.open(name, NetHeader.BYTES);
      return new TapBackend(name, fd, knowsUdp(fd));
    } catch (HostException e) {
      throw new NetException(explain(name, e));
    }
  }

  private static boolean knowsUdp(int fd) {
    try {
      Tap.setOffloads(fd, ALL_TCP | Tap.OFFLOAD_USO4 | Tap.OFFLOAD_USO6);
      return true;
    } catch (HostException e) {
      return false; // a host older than Linux 6.2
    }
  }

  private static String explain(String name, HostException e) {
    boolean exists = Files.exists(Path.of("/sys/class/net", name));
    String make = "ip tuntap add dev " + name + " mode tap user $USER";
    return switch (e.errno()) {
      case Host.ENOENT, ENODEV -> "the host has no /dev/net/tun; as root: modprobe tun";
      case EBUSY -> "interface " + name + " is in use by another program; choose another";
      case EINVAL -> "interface " + name + " is no TAP interface of one queue; as root: " + make;
      case Host.EPERM, Host.EACCES ->
          exists
              ? "interface "
                  + name
                  + " is not yours to use; as root: ip link del "
                  + name
                  + "; "
                  + make
              : "no interface " + name + ", and you may not create it; as root: " + make;
      default -> "cannot open interface " + name + ": " + e.getMessage();
    };
  }

  @Override
  public long offloads() {
    return NetFeatures.TCP_OFFLOADS | (udp ? NetFeatures.UDP_OFFLOADS : 0);
  }

  @Override
  public int mtu() {
    return 0;
  }

  @Override
  public void start(long accepted) {
    try {
      Tap.setOffloads(fd, offloads(accepted));
    } catch (HostException e) {
      throw gone(e);
    }
  }

  /** What the host may leave to the driver. All of it needs unfinished checksums. */
  private static int offloads(long accepted) {
    if ((accepted & NetFeatures.GUEST_CSUM) == 0) {
      return 0;
    }
    boolean udp =
        (accepted & NetFeatures.GUEST_USO4) != 0 && (accepted & NetFeatures.GUEST_USO6) != 0;
    return Tap.OFFLOAD_CSUM
        | ((accepted & NetFeatures.GUEST_TSO4) != 0 ? Tap.OFFLOAD_TSO4 : 0)
        | ((accepted & NetFeatures.GUEST_TSO6) != 0 ? Tap.OFFLOAD_TSO6 : 0)
        | ((accepted & NetFeatures.GUEST_ECN) != 0 ? Tap.OFFLOAD_TSO_ECN : 0)
        | (udp ? Tap.OFFLOAD_USO4 | Tap.OFFLOAD_USO6 : 0);
  }

  @Override
  public boolean send(Segments frame) {
    try {
      return Host.writev(fd, frame.iovec(), frame.count()) != Host.WOULD_BLOCK;
    } catch (HostException e) {
      if (e.errno() == EBADFD) {
        throw gone(e);
      }
      // The interface is down, or the driver asked for something impossible: a frame is lost.
      return true;
    }
  }

  @Override
  public long receive(Segments room) {
    while (true) {
      try {
        long bytes = Host.readv(fd, room.iovec(), Math.min(room.count(), IOV_MAX));
        if (bytes == Host.WOULD_BLOCK) {
          return 0;
        }
        // A frame that fills the room may have been longer.
        if (bytes < room.bytes()) {
          return bytes;
        }
      } catch (HostException e) {
        if (e.errno() == EBADFD) {
          throw gone(e);
        }
        return 0;
      }
    }
  }

  @Override
  public void await(int wake, boolean toReceive, boolean toSend) {
    int events = (toReceive ? Host.POLLIN : 0) | (toSend ? Host.POLLOUT : 0);
    polls[0] = Host.pollFor(wake, Host.POLLIN);
    polls[1] = Host.pollFor(fd, events);
    Host.poll(polls, 2, -1);
    if (Host.polled(polls[0]) != 0) {
      Host.await(wake);
    }
    if ((Host.polled(polls[1]) & Host.POLLERR) != 0) {
      throw new LinkDownException("the host has removed interface " + name);
    }
  }

  private LinkDownException gone(HostException e) {
    return new LinkDownException("interface " + name + " is gone: " + e.getMessage());
  }

  @Override
  public void close() {
    Host.close(fd);
  }
}
