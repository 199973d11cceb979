// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.vsock;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;
import org.lodger.virtio.VirtQueue;
import org.lodger.virtio.vsock.Connection.Ports;
import org.lodger.virtio.vsock.Connection.State;

/** All connections of a guest, from the driver's start to its reset. One thread at a time. */
final class Streams {
  /** Each may have a buffer of {@link Credit#SPACE} bytes. */
  private static final int CONNECTIONS_MAX = 512;

  /** Refusals that wait for the guest's buffers; when there are more, its packets wait. */
  private static final int RESETS_MAX = 128;

  /** Packets that are moved before others get a turn. */
  private static final int BATCH = 128;

  private static final int PAYLOAD_MAX = 1 << 16;
  private static final int FIRST_HOST_PORT = 1 << 30;
  private static final long PATIENCE = TimeUnit.SECONDS.toNanos(10);
  private static final byte[] NOTHING = {};

  private final long cid;
  private final HostSockets sockets;
  private final Selector selector;
  private final ReceiveQueue toGuest;
  private final VirtQueue fromGuest;

  private final Map<Ports, Connection> connections = new HashMap<>();

  /** Clients of the host's that have not said what they want. */
  private final Map<Connection, CommandLine> clients = new HashMap<>();

  private final Queue<Packet> resets = new ArrayDeque<>();
  private final byte[] payload = new byte[PAYLOAD_MAX];
  private int nextHostPort = FIRST_HOST_PORT;

  Streams(
      long cid, HostSockets sockets, Selector selector, ReceiveQueue toGuest, VirtQueue fromGuest) {
    this.cid = cid;
    this.sockets = sockets;
    this.selector = selector;
    this.toGuest = toGuest;
    this.fromGuest = fromGuest;
  }

  /** Takes over a client of the host's; false if there are too many. */
  boolean add(SocketChannel client) throws IOException {
    if (isFull()) {
      return false;
    }
    clients.put(register(client, State.COMMAND), new CommandLine());
    return true;
  }

  private boolean isFull() {
    return connections.size() + clients.size() >= CONNECTIONS_MAX;
  }

  private Connection register(SocketChannel socket, State state) throws IOException {
    try {
      socket.configureBlocking(false);
      Connection connection = new Connection(socket, socket.register(selector, 0), state);
      connection.deadline = System.nanoTime() + PATIENCE;
      return connection;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** Moves what can be moved; true if there may be more to move at once. */
  boolean turn() {
    readCommands();
    flushToHost();
    boolean more = takePackets();
    boolean room = sendPackets();
    expire();
    for (Connection connection : clients.keySet()) {
      connection.updateInterest(room);
    }
    for (Connection connection : connections.values()) {
      connection.updateInterest(room);
    }
    // With too many refusals waiting, it is the buffers for them that wake us.
    return more && resets.size() < RESETS_MAX;
  }

  boolean publish() {
    boolean interrupt = fromGuest.publish();
    return toGuest.publish() || interrupt;
  }

  /** Does a deadline have to be watched? */
  boolean anyUnfinished() {
    return !clients.isEmpty()
        || connections.values().stream().anyMatch(connection -> connection.state != State.OPEN);
  }

  void close() {
    clients.keySet().forEach(Connection::close);
    connections.values().forEach(Connection::close);
    clients.clear();
    connections.clear();
  }

  // The host's side

  private void readCommands() {
    for (Connection connection : List.copyOf(clients.keySet())) {
      if (!connection.isReadable()) {
        continue;
      }
      try {
        var port = clients.get(connection).read(connection.socket);
        if (port.isPresent()) {
          clients.remove(connection);
          ask(connection, port.getAsInt());
        }
      } catch (IOException e) {
        clients.remove(connection);
        connection.close();
      }
    }
  }

  private void ask(Connection connection, int guestPort) {
    Ports ports;
    do {
      ports = new Ports(nextHostPort, guestPort);
      nextHostPort = nextHostPort == -1 ? FIRST_HOST_PORT : nextHostPort + 1;
    } while (connections.containsKey(ports));
    connection.ports = ports;
    connection.state = State.ASKED;
    connection.owesRequest = true;
    connections.put(ports, connection);
  }

  private void flushToHost() {
    for (Connection connection : List.copyOf(connections.values())) {
      if (connection.waiting() > 0) {
        attempt(connection, () -> flush(connection));
      }
    }
  }

  private void flush(Connection connection) throws IOException {
    connection.credit.forwarded(connection.flush());
    settle(connection);
  }

  /** After every step that may have been a connection's last. */
  private void settle(Connection connection) throws IOException {
    connection.owesCredit |= connection.credit.isWorthTelling();
    connection.passOnEnd();
    if (connection.isOver()) {
      reset(connection);
    }
  }

  private interface Step {
    void run() throws IOException;
  }

  /** What goes wrong on the host ends the connection. */
  private void attempt(Connection connection, Step step) {
    try {
      step.run();
    } catch (IOException e) {
      reset(connection);
    }
  }

  private void reset(Connection connection) {
    if (connections.remove(connection.ports) != null) {
      connection.close();
      if (!connection.owesRequest) {
        resets.add(packet(connection, Packet.RST, 0, 0));
      }
    }
  }

  private void expire() {
    long now = System.nanoTime();
    for (Connection connection : List.copyOf(clients.keySet())) {
      if (now - connection.deadline > 0) {
        clients.remove(connection);
        connection.close();
      }
    }
    for (Connection connection : List.copyOf(connections.values())) {
      if (connection.state != State.OPEN && now - connection.deadline > 0) {
        reset(connection);
      }
    }
  }

  // From the guest

  /** Returns whether there may be more. If not, the driver rings when it adds some. */
  private boolean takePackets() {
    fromGuest.suppressNotifications();
    for (int i = 0; i < BATCH && resets.size() < RESETS_MAX; i++) {
      DescriptorChain chain = fromGuest.next();
      if (chain == null) {
        return fromGuest.requestNotifications();
      }
      take(chain);
      fromGuest.complete(chain, 0);
    }
    return true;
  }

  private void take(DescriptorChain chain) {
    byte[] header = new byte[Packet.BYTES];
    if (chain.read(0, header, 0, header.length) < header.length) {
      throw new BadRingException("packet of " + chain.readableBytes() + " bytes");
    }
    Packet packet = Packet.decode(header);
    long length = Integer.toUnsignedLong(packet.length());
    if (length > chain.readableBytes() - Packet.BYTES) {
      throw new BadRingException(
          "packet says " + length + " bytes in a buffer of " + chain.readableBytes());
    }
    if (packet.fromCid() != cid) {
      return;
    }
    Connection connection = connections.get(new Ports(packet.toPort(), packet.fromPort()));
    if (packet.toCid() != VsockDevice.HOST_CID || packet.type() != Packet.TYPE_STREAM) {
      refuse(packet);
    } else if (packet.op() == Packet.REQUEST && connection == null) {
      open(packet);
    } else if (connection == null) {
      refuse(packet);
    } else {
      connection.credit.peerSays(packet);
      attempt(connection, () -> take(connection, packet, chain));
    }
  }

  private void refuse(Packet packet) {
    if (packet.op() != Packet.RST) {
      resets.add(packet.reset());
    }
  }

  private void open(Packet packet) {
    if (isFull()) {
      refuse(packet);
      return;
    }
    try {
      Connection connection = register(sockets.connect(packet.toPort()), State.OPEN);
      connection.ports = new Ports(packet.toPort(), packet.fromPort());
      connection.owesResponse = true;
      connection.credit.peerSays(packet);
      connections.put(connection.ports, connection);
    } catch (IOException e) {
      refuse(packet);
    }
  }

  private void take(Connection connection, Packet packet, DescriptorChain chain)
      throws IOException {
    switch (packet.op()) {
      case Packet.RESPONSE -> answered(connection);
      case Packet.RW -> receive(connection, packet, chain);
      case Packet.SHUTDOWN -> {
        connection.guestShuts(packet.flags());
        settle(connection);
      }
      case Packet.CREDIT_UPDATE -> {}
      case Packet.CREDIT_REQUEST -> connection.owesCredit = true;
      case Packet.RST -> {
        connections.remove(connection.ports);
        connection.close();
      }
      default -> reset(connection);
    }
  }

  private void answered(Connection connection) throws IOException {
    if (connection.state != State.ASKED || connection.owesRequest) {
      reset(connection);
      return;
    }
    connection.state = State.OPEN;
    connection.answer(CommandLine.answer(connection.ports.host()));
  }

  private void receive(Connection connection, Packet packet, DescriptorChain chain)
      throws IOException {
    long length = Integer.toUnsignedLong(packet.length());
    if (!connection.guestMaySend() || !connection.credit.received(length)) {
      reset(connection);
      return;
    }
    for (int done = 0; done < length; ) {
      int part = (int) Math.min(length - done, payload.length);
      chain.read(Packet.BYTES + done, payload, 0, part);
      int before = connection.waiting();
      connection.queue(ByteBuffer.wrap(payload, 0, part));
      connection.credit.forwarded(before + part - connection.waiting());
      done += part;
    }
    settle(connection);
  }

  // To the guest

  /** Returns whether the guest has a buffer left. */
  private boolean sendPackets() {
    while (!resets.isEmpty()) {
      if (!toGuest.hasBuffer()) {
        return false;
      }
      toGuest.put(resets.remove(), NOTHING);
    }
    for (Connection connection : List.copyOf(connections.values())) {
      if (!sendControl(connection)) {
        return false;
      }
    }
    for (Connection connection : List.copyOf(connections.values())) {
      if (connection.isReadable() && !sendData(connection)) {
        return false;
      }
    }
    return toGuest.hasBuffer();
  }

  private boolean sendControl(Connection connection) {
    if (connection.owesRequest) {
      if (!send(connection, Packet.REQUEST, 0)) {
        return false;
      }
      connection.owesRequest = false;
    }
    if (connection.owesResponse) {
      if (!send(connection, Packet.RESPONSE, 0)) {
        return false;
      }
      connection.owesResponse = false;
    }
    if (connection.owesCredit) {
      if (!send(connection, Packet.CREDIT_UPDATE, 0)) {
        return false;
      }
      connection.owesCredit = false;
    }
    if (connection.owesShutdown) {
      if (!send(connection, Packet.SHUTDOWN, Packet.NO_SEND)) {
        return false;
      }
      connection.owesShutdown = false;
    }
    return true;
  }

  private boolean send(Connection connection, int op, int flags) {
    if (!toGuest.hasBuffer()) {
      return false;
    }
    toGuest.put(packet(connection, op, 0, flags), NOTHING);
    return true;
  }

  /** Moves a batch from the socket; false if the guest ran out of buffers. */
  private boolean sendData(Connection connection) {
    for (int i = 0; i < BATCH && connection.wantsToSend(); i++) {
      if (!toGuest.hasBuffer()) {
        return false;
      }
      int length;
      try {
        long most = Math.min(connection.credit.available(), toGuest.room());
        if (most == 0) {
          throw new BadRingException("receive buffer without room for data");
        }
        int part = (int) Math.min(most, payload.length);
        length = connection.socket.read(ByteBuffer.wrap(payload, 0, part));
      } catch (IOException e) {
        reset(connection);
        return true;
      }
      if (length == 0) {
        return true;
      }
      if (length < 0) {
        connection.hostEnds();
        return sendControl(connection);
      }
      connection.credit.sent(length);
      toGuest.put(packet(connection, Packet.RW, length, 0), payload);
    }
    return true;
  }

  private Packet packet(Connection connection, int op, int length, int flags) {
    return new Packet(
        VsockDevice.HOST_CID,
        cid,
        connection.ports.host(),
        connection.ports.guest(),
        length,
        Packet.TYPE_STREAM,
        op,
        flags,
        Credit.SPACE,
        connection.credit.tell());
  }
}
