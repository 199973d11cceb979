// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.vsock;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/**
 * A stream between a port of the guest's and a unix socket of the host's. All its methods are the
 * loop's to call.
 */
final class Connection {
  /** Two ports name a connection; both CIDs are known. */
  record Ports(int host, int guest) {}

  enum State {
    /** A client on the host has not said yet which port it wants. */
    COMMAND,
    /** The guest was asked and has not answered. */
    ASKED,
    OPEN
  }

  final SocketChannel socket;
  final Credit credit = new Credit();

  /** Null in state COMMAND. */
  Ports ports;

  State state;

  /** When to give up in a state other than OPEN, as System.nanoTime has it. */
  long deadline;

  /** Packets that the guest is to get as soon as it has a buffer. */
  boolean owesRequest;

  boolean owesResponse;
  boolean owesCredit;
  boolean owesShutdown;

  private final SelectionKey key;

  /** Bytes for the host, ready to be read from; null while there are none. */
  private ByteBuffer toHost;

  private boolean hostEnded;
  private boolean guestReceivesNoMore;
  private boolean guestSendsNoMore;

  Connection(SocketChannel socket, SelectionKey key, State state) {
    this.socket = socket;
    this.key = key;
    this.state = state;
    key.attach(this);
  }

  /** Puts bytes in line for the host; the caller has checked that there is credit for them. */
  void queue(ByteBuffer bytes) throws IOException {
    if (toHost == null) {
      socket.write(bytes);
      if (!bytes.hasRemaining()) {
        return;
      }
      toHost = ByteBuffer.allocate(Credit.SPACE).flip();
    }
    toHost.compact().put(bytes).flip();
  }

  /** Sends bytes of our own, which are not on the guest's account, before any of the guest's. */
  void answer(ByteBuffer bytes) throws IOException {
    socket.write(bytes);
    if (bytes.hasRemaining()) {
      throw new IOException("the client takes no answer");
    }
  }

  /** Bytes that wait for the host. */
  int waiting() {
    return toHost == null ? 0 : toHost.remaining();
  }

  /** Writes what the host takes; returns how much that was. */
  int flush() throws IOException {
    if (toHost == null) {
      return 0;
    }
    int written = socket.write(toHost);
    if (!toHost.hasRemaining()) {
      toHost = null;
    }
    return written;
  }

  /** The guest's half of the end. */
  void guestShuts(int flags) throws IOException {
    guestReceivesNoMore |= (flags & Packet.NO_RECEIVE) != 0;
    guestSendsNoMore |= (flags & Packet.NO_SEND) != 0;
    passOnEnd();
  }

  /** Tells the host of the guest's end, once it has all that came before. */
  void passOnEnd() throws IOException {
    if (guestSendsNoMore && toHost == null) {
      socket.shutdownOutput();
    }
  }

  /** Has the guest said that it will neither send nor receive, and has the host got all? */
  boolean isOver() {
    return guestSendsNoMore && guestReceivesNoMore && toHost == null;
  }

  boolean guestMaySend() {
    return state == State.OPEN && !guestSendsNoMore;
  }

  /** The host sends no more. */
  void hostEnds() {
    hostEnded = true;
    owesShutdown = true;
  }

  boolean wantsToSend() {
    return state == State.OPEN
        && !hostEnded
        && !guestReceivesNoMore
        && !owesResponse
        && credit.available() > 0;
  }

  boolean isReadable() {
    return key.isValid() && key.isReadable();
  }

  /** What to wait for on the socket. */
  void updateInterest(boolean guestHasBuffers) {
    boolean read = state == State.COMMAND || guestHasBuffers && wantsToSend();
    int wanted = (read ? SelectionKey.OP_READ : 0) | (toHost == null ? 0 : SelectionKey.OP_WRITE);
    if (key.isValid() && key.interestOps() != wanted) {
      key.interestOps(wanted);
    }
  }

  void close() {
    key.cancel();
    try {
      socket.close();
    } catch (IOException e) {
      // Nobody is there any more who would want to know.
    }
  }
}
