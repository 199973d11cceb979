// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.util.function.Consumer;
import org.lodger.hypercall.GuestMemory;
import org.lodger.hypercall.host.Host;
import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;
import org.lodger.virtio.VirtioDevice;

/**
 * The network device (virtio 1.2, section 5.1): one pair of queues. The device's thread sends what
 * the driver rings for; a second thread, which lives as long as the driver does, waits for frames,
 * and goes on with sending when the back end had no room.
 */
public final class NetDevice implements VirtioDevice {
  private static final int DEVICE_ID = 1;
  private static final int RECEIVE = 0;
  private static final int TRANSMIT = 1;
  private static final int QUEUE_SIZE = 256;

  /** So many frames in a row from one side before the other gets a look. */
  private static final int BURST = 64;

  private static final int ETHERNET_MTU = 1500;
  private static final int ETHERNET_HEADERS = 14 + 8;

  private final String name;
  private final GuestMemory ram;
  private final NetBackend backend;
  private final MacAddress mac;
  private final int mtu;
  private final Consumer<String> log;
  private final int wake = Host.eventfd();

  private DeviceHost host;
  private ReceiveQueue receive;
  private Transmitter transmit;
  private Thread thread;
  private volatile boolean stopping;

  /** Waiting for the driver to provide buffers. */
  private volatile boolean starved;

  private volatile boolean linkUp = true;

  /**
   * @param name for threads and log lines
   * @param backend becomes this device's, which closes it
   * @param mtu in bytes; 0 leaves it to the back end
   * @param log gets a line when the back end ends before the guest does
   */
  public NetDevice(
      String name,
      GuestMemory ram,
      NetBackend backend,
      MacAddress mac,
      int mtu,
      Consumer<String> log) {
    this.name = name;
    this.ram = ram;
    this.backend = backend;
    this.mac = mac;
    this.mtu = mtu != 0 ? mtu : backend.mtu();
    this.log = log;
  }

  @Override
  public int deviceId() {
    return DEVICE_ID;
  }

  @Override
  public String name() {
    return name;
  }

  public MacAddress mac() {
    return mac;
  }

  @Override
  public long features() {
    return NetFeatures.MAC
        | NetFeatures.STATUS
        | NetFeatures.MRG_RXBUF
        | (mtu != 0 ? NetFeatures.MTU : 0)
        | backend.offloads();
  }

  @Override
  public int queueCount() {
    return 2;
  }

  @Override
  public int queueSizeMax(int queue) {
    return QUEUE_SIZE;
  }

  @Override
  public byte[] config() {
    return NetConfig.encode(mac, linkUp, mtu);
  }

  @Override
  public void activate(long accepted, VirtQueue[] queues, DeviceHost host) {
    this.host = host;
    if (queues[RECEIVE] == null || queues[TRANSMIT] == null) {
      throw new BadRingException("a network card needs both of its queues");
    }
    boolean mergeable = (accepted & NetFeatures.MRG_RXBUF) != 0;
    receive =
        new ReceiveQueue(queues[RECEIVE], new Segments(ram), mergeable, largestFrame(accepted));
    transmit = new Transmitter(queues[TRANSMIT], new Segments(ram), backend);
    stopping = false;
    starved = false;
    if (linkUp) {
      try {
        backend.start(accepted);
      } catch (LinkDownException e) {
        down(e);
      }
    }
    if (!linkUp) {
      transmit.discard();
    }
    thread = new Thread(this::serve, "device-" + name + "-receive");
    thread.setDaemon(true);
    thread.start();
  }

  private long largestFrame(long accepted) {
    if ((accepted & NetFeatures.GUEST_GSO) != 0) {
      return NetHeader.BYTES + NetHeader.FRAME_MAX;
    }
    return NetHeader.BYTES + ETHERNET_HEADERS + Math.max(mtu, ETHERNET_MTU);
  }

  @Override
  public void notified(int queue) {
    if (transmit == null) {
      return;
    }
    if (queue == TRANSMIT) {
      transmit();
    } else if (starved) {
      Host.signal(wake);
    }
  }

  private void transmit() {
    boolean wasBlocked = transmit.blocked();
    try {
      if (transmit.run()) {
        host.interruptQueues();
      }
    } catch (LinkDownException e) {
      down(e);
      transmit.discard();
      if (transmit.run()) {
        host.interruptQueues();
      }
    }
    if (transmit.blocked() && !wasBlocked) {
      Host.signal(wake);
    }
  }

  private void serve() {
    try {
      while (!stopping && linkUp) {
        boolean more = receive();
        if (transmit.blocked()) {
          transmit();
        }
        if (!more && !stopping && linkUp) {
          backend.await(wake, !starved, transmit.blocked());
        }
      }
    } catch (LinkDownException e) {
      down(e);
      transmit.discard();
      transmit();
    } catch (RuntimeException | InternalError e) {
      host.broken(e.getMessage());
    }
  }

  /** Takes in a burst of frames; false if there is nothing to do until somebody wakes us. */
  private boolean receive() {
    receive.suppressNotifications();
    starved = false;
    for (int i = 0; i < BURST; i++) {
      Segments room = receive.room();
      if (room == null) {
        starved = true;
        return receive.requestNotifications();
      }
      long bytes = backend.receive(room);
      if (bytes == 0) {
        return false;
      }
      if (receive.deliver(bytes)) {
        host.interruptQueues();
      }
    }
    return true;
  }

  private synchronized void down(LinkDownException why) {
    if (linkUp) {
      linkUp = false;
      log.accept(name + ": " + why.getMessage() + "; the guest's link is down");
      host.configChanged();
    }
  }

  @Override
  public void reset() {
    if (thread == null) {
      return;
    }
    stopping = true;
    Host.signal(wake);
    boolean interrupted = false;
    while (thread != null) {
      try {
        thread.join();
        thread = null;
      } catch (InterruptedException e) {
        // The memory is the guest's until that thread has ended: there is no way to stop waiting.
        interrupted = true;
      }
    }
    transmit = null;
    receive = null;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    reset();
    backend.close();
    Host.close(wake);
  }
}
