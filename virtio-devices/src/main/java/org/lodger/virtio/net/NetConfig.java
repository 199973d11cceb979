// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * {@code struct virtio_net_config { u8 mac[6]; le16 status; le16 max_virtqueue_pairs; le16 mtu; }}
 * (virtio 1.2, section 5.1.4).
 */
final class NetConfig {
  private static final short LINK_UP = 1;

  private NetConfig() {}

  static byte[] encode(MacAddress mac, boolean linkUp, int mtu) {
    return ByteBuffer.allocate(12)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(mac.bytes())
        .putShort(linkUp ? LINK_UP : 0)
        .putShort((short) 1)
        .putShort((short) mtu)
        .array();
  }
}
