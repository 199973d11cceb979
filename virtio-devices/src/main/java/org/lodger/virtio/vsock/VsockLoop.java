// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.vsock;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;

/**
 * The thread that moves all bytes. It sleeps on the host's sockets and the guest's doorbells, and
 * never on one of them alone: every call is non-blocking.
 */
final class VsockLoop {
  /** While a connection is being made, its deadline is looked at this often. */
  private static final long TICK_MILLIS = 500;

  private final HostSockets sockets;
  private final Selector selector;
  private final SelectionKey listening;
  private final long cid;
  private final Thread thread;

  /** Guarded by this, as everything in it is. */
  private Streams streams;

  private DeviceHost host;
  private boolean closed;

  VsockLoop(long cid, HostSockets sockets) {
    this.cid = cid;
    this.sockets = sockets;
    try {
      selector = Selector.open();
      listening = sockets.server().register(selector, SelectionKey.OP_ACCEPT);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    thread = new Thread(this::run, "vsock");
    thread.setDaemon(true);
    thread.start();
  }

  synchronized void attach(VirtQueue receive, VirtQueue transmit, DeviceHost host) {
    this.host = host;
    streams = new Streams(cid, sockets, selector, new ReceiveQueue(receive), transmit);
    wake();
  }

  /** Closes all streams. Nothing touches the queues afterwards. */
  synchronized void detach() {
    if (streams != null) {
      streams.close();
      streams = null;
    }
  }

  void wake() {
    selector.wakeup();
  }

  private void run() {
    long timeout = 0;
    try {
      while (timeout >= 0) {
        selector.select(timeout);
        timeout = turn();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns how long to sleep at most in ms; 0 for ever; less to end. */
  private long turn() {
    DeviceHost to;
    boolean interrupt = false;
    boolean again = false;
    String bad = null;
    synchronized (this) {
      if (closed) {
        return -1;
      }
      to = host;
      accept();
      if (streams != null) {
        try {
          again = streams.turn();
          interrupt = streams.publish();
          // The JVM throws the error where the host has no page for the guest's memory.
        } catch (RuntimeException | InternalError e) {
          bad = e.getMessage();
          detach();
        }
      }
      selector.selectedKeys().clear();
      if (again) {
        selector.wakeup();
      }
    }
    // Outside the lock: the transport has locks of its own.
    if (bad != null) {
      to.broken(bad);
    } else if (interrupt) {
      to.interruptQueues();
    }
    synchronized (this) {
      return streams != null && streams.anyUnfinished() ? TICK_MILLIS : 0;
    }
  }

  private void accept() {
    if (!selector.selectedKeys().contains(listening)) {
      return;
    }
    try {
      SocketChannel client = sockets.server().accept();
      if (client == null) {
        return;
      }
      if (streams == null || !streams.add(client)) {
        client.close();
      }
    } catch (IOException e) {
      // The client has left again, or there are no descriptors: it learns by itself.
    }
  }

  void close() {
    synchronized (this) {
      detach();
      closed = true;
    }
    wake();
    try {
      thread.join();
      selector.close();
      sockets.close();
    } catch (IOException e) {
      // The socket file was taken away: just as well.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
