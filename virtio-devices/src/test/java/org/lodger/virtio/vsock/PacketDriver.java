// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.vsock;

import static org.lodger.virtio.FakeQueue.in;
import static org.lodger.virtio.FakeQueue.out;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.FakeQueue;
import org.lodger.virtio.VirtQueue;

/** A guest's driver that speaks packets, obedient unless a test makes it say something else. */
final class PacketDriver implements AutoCloseable {
  static final long CID = 3;

  final FakeDriver driver = new FakeDriver();

  /** What every packet says of the guest's side. */
  int space = 1 << 20;

  int forwarded;

  private final VsockDevice device;

  /** Where the buffers of each head are, oldest first: the queue uses heads again. */
  private final Map<Integer, Queue<Long>> places = new HashMap<>();

  private byte[] payload;
  private int sent;

  /** Packets are put here: a ring of places, far more than the queue has entries. */
  private static final long PLACE = 1 << 20;

  private static final int PLACE_BYTES = 1 << 17;
  private static final int PLACES = 100;
  private int nextPlace;

  PacketDriver(Path path) throws IOException {
    device = new VsockDevice(CID, HostSockets.listen(path));
    driver.start(device, VirtQueue.FEATURES);
  }

  private long place() {
    nextPlace = (nextPlace + 1) % PLACES;
    return PLACE + (long) nextPlace * PLACE_BYTES;
  }

  /** Gives the device buffers to fill. */
  void buffers(int count, int bytes) {
    for (int i = 0; i < count; i++) {
      long at = driver.allocate(bytes);
      int head = driver.queue(0).add(in(at, bytes));
      places.computeIfAbsent(head, h -> new ArrayDeque<>()).add(at);
    }
    driver.kick(0);
  }

  void send(int op, int guestPort, int hostPort) {
    send(op, guestPort, hostPort, new byte[0]);
  }

  void send(int op, int guestPort, int hostPort, byte[] data) {
    send(op, guestPort, hostPort, 0, data);
  }

  void shutdown(int guestPort, int hostPort, int flags) {
    send(Packet.SHUTDOWN, guestPort, hostPort, flags, new byte[0]);
  }

  private void send(int op, int guestPort, int hostPort, int flags, byte[] data) {
    Packet packet =
        new Packet(
            CID,
            VsockDevice.HOST_CID,
            guestPort,
            hostPort,
            data.length,
            Packet.TYPE_STREAM,
            op,
            flags,
            space,
            forwarded);
    long at = place();
    driver.ram.write(at + Packet.BYTES, data, 0, data.length);
    raw(packet, at, Packet.BYTES + data.length);
  }

  /** Whatever the packet says, its buffer has this many bytes. */
  void raw(Packet packet, int bytes) {
    raw(packet, place(), bytes);
  }

  private void raw(Packet packet, long at, int bytes) {
    driver.ram.write(at, packet.encode(), 0, Packet.BYTES);
    takeBack();
    driver.queue(1).add(out(at, bytes));
    driver.kick(1);
  }

  private void takeBack() {
    while (driver.queue(1).poll() != null) {
      sent++;
    }
  }

  /** How many packets the device has taken. */
  int sent() {
    takeBack();
    return sent;
  }

  Packet receive() throws InterruptedException {
    for (Packet packet = poll(); ; packet = poll()) {
      if (packet != null) {
        return packet;
      }
      Thread.sleep(1);
    }
  }

  /** The next packet from the host, or null. */
  Packet poll() {
    FakeQueue.Used used = driver.queue(0).poll();
    if (used == null) {
      return null;
    }
    long at = places.get(used.head()).remove();
    Packet packet = Packet.decode(driver.get(at, Packet.BYTES));
    if (used.length() != Packet.BYTES + packet.length()) {
      throw new AssertionError(used + " for " + packet);
    }
    payload = driver.get(at + Packet.BYTES, packet.length());
    return packet;
  }

  /** Of the packet that came last. */
  byte[] payload() {
    return payload;
  }

  void awaitBroken(String part) throws InterruptedException {
    while (driver.broken == null) {
      Thread.sleep(1);
    }
    if (!driver.broken.contains(part)) {
      throw new AssertionError(driver.broken);
    }
  }

  /** Resets the device, and sets it up anew. */
  void restart() {
    device.reset();
    driver.broken = null;
    places.clear();
    driver.start(device, VirtQueue.FEATURES);
  }

  @Override
  public void close() {
    driver.close();
  }
}
