// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.p9;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;
import org.lodger.virtio.VirtioDevice;

/**
 * The 9P transport: a directory of the host's. Requests and replies of 9P2000.L go between the queue
 * and a file server that is a process of its own. Virtio 1.2 has no more of it than its number
 * (section 5); the rest is what Linux's driver expects: one queue, a chain holds a request and the
 * room for its reply, and the mount tag is in the configuration space.
 */
public final class P9Device implements VirtioDevice {
  private static final int DEVICE_ID = 9;
  private static final long F_MOUNT_TAG = 1;

  /** What Linux's driver has room for. */
  private static final int QUEUE_SIZE = 128;

  private final String tag;
  private final FileServer server;
  private final Consumer<String> log;
  private Session session;

  /**
   * @param tag what the guest mounts, at most 254 bytes
   * @param log gets a line when the server ends by itself
   */
  public P9Device(String tag, FileServer server, Consumer<String> log) {
    this.tag = tag;
    this.server = server;
    this.log = log;
  }

  @Override
  public int deviceId() {
    return DEVICE_ID;
  }

  @Override
  public String name() {
    return "share " + tag;
  }

  @Override
  public long features() {
    return F_MOUNT_TAG;
  }

  @Override
  public int queueCount() {
    return 1;
  }

  @Override
  public int queueSizeMax(int queue) {
    return QUEUE_SIZE;
  }

  /** {@code struct virtio_9p_config { le16 tag_len; u8 tag[]; }}. */
  @Override
  public byte[] config() {
    byte[] text = tag.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(2 + text.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) text.length)
        .put(text)
        .array();
  }

  @Override
  public void activate(long acceptedFeatures, VirtQueue[] queues, DeviceHost host) {
    if (queues[0] != null) {
      session = new Session(name(), queues[0], host, server, log);
    }
  }

  @Override
  public void notified(int index) {
    if (session != null) {
      session.requestsAdded();
    }
  }

  @Override
  public void reset() {
    if (session != null) {
      session.close();
      session = null;
    }
  }

  @Override
  public void close() {
    reset();
  }
}
