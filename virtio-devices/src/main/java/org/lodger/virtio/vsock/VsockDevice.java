// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.vsock;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;
import org.lodger.virtio.VirtioDevice;

/**
 * The socket device (virtio 1.2, section 5.10): streams between programs in the guest and programs
 * on the host, without a network. On the host they are unix sockets.
 */
public final class VsockDevice implements VirtioDevice {
  /** The address of the host, and the first that a guest may have. */
  public static final long HOST_CID = 2;

  private static final int DEVICE_ID = 19;
  private static final int QUEUE_SIZE = 128;
  private static final int RECEIVE = 0;
  private static final int TRANSMIT = 1;

  private final long cid;
  private final VsockLoop loop;

  /**
   * @param cid the guest's address, 3 to 2^32 - 2
   * @param sockets becomes this device's, which closes it
   */
  public VsockDevice(long cid, HostSockets sockets) {
    this.cid = cid;
    loop = new VsockLoop(cid, sockets);
  }

  @Override
  public int deviceId() {
    return DEVICE_ID;
  }

  @Override
  public String name() {
    return "vsock";
  }

  /** Streams need none. */
  @Override
  public long features() {
    return 0;
  }

  /** The third is for events that this host never has. */
  @Override
  public int queueCount() {
    return 3;
  }

  @Override
  public int queueSizeMax(int queue) {
    return QUEUE_SIZE;
  }

  /** {@code struct virtio_vsock_config { le64 guest_cid; }}. */
  @Override
  public byte[] config() {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(cid).array();
  }

  @Override
  public void activate(long acceptedFeatures, VirtQueue[] queues, DeviceHost host) {
    if (queues[RECEIVE] != null && queues[TRANSMIT] != null) {
      loop.attach(queues[RECEIVE], queues[TRANSMIT], host);
    }
  }

  @Override
  public void notified(int index) {
    loop.wake();
  }

  @Override
  public void reset() {
    loop.detach();
  }

  @Override
  public void close() {
    loop.close();
  }
}
