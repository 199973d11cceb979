// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.p9;

import java.io.IOException;
import java.util.function.Consumer;
import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;
import org.lodger.virtio.DeviceHost;
import org.lodger.virtio.VirtQueue;

/**
 * From the driver's start to its reset. A thread takes requests out of the queue and sends them to
 * the server, as fast as that reads. A server that ends leaves the guest with I/O errors, until the
 * guest mounts again: that starts another.
 */
final class Session implements Connection.Answers {
  private final String name;
  private final VirtQueue queue;
  private final DeviceHost host;
  private final FileServer server;
  private final Consumer<String> log;
  private final Owners owners;
  private final Thread thread;

  private boolean requestsAdded;
  private boolean closed;
  private Connection connection;

  Session(String name, VirtQueue queue, DeviceHost host, FileServer server, Consumer<String> log) {
    this.name = name;
    this.queue = queue;
    this.host = host;
    this.server = server;
    this.log = log;
    owners = new Owners(server.root(), server.owner());
    thread = new Thread(this::serve, name);
    thread.setDaemon(true);
    thread.start();
  }

  synchronized void requestsAdded() {
    requestsAdded = true;
    notifyAll();
  }

  private void serve() {
    try {
      while (awaitRequests()) {
        do {
          queue.suppressNotifications();
          for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
            take(chain);
          }
        } while (!isClosed() && queue.requestNotifications());
      }
      // The JVM throws the error where the host has no page for the guest's memory.
    } catch (RuntimeException | InternalError e) {
      host.broken(e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized boolean awaitRequests() throws InterruptedException {
    while (!requestsAdded && !closed) {
      wait();
    }
    requestsAdded = false;
    return !closed;
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private void take(DescriptorChain chain) {
    byte[] request = read(chain);
    byte[] forServer = owners.toServer(request);
    if (forServer == null) {
      refuse(chain, request, Message.ENOENT);
      return;
    }
    Connection to = connectionFor(request);
    if (to == null) {
      refuse(chain, request, Message.EIO);
    } else {
      to.send(chain, forServer);
    }
  }

  /** Reads each byte once: what the guest changes later, nobody sees. */
  private static byte[] read(DescriptorChain chain) {
    byte[] header = new byte[Message.HEADER_BYTES];
    if (chain.read(0, header, 0, header.length) < header.length) {
      throw new BadRingException("9P request of " + chain.readableBytes() + " bytes");
    }
    long size = Message.size(header);
    if (size < Message.HEADER_BYTES || size > Message.BYTES_MAX || size > chain.readableBytes()) {
      throw new BadRingException(
          "9P request says " + size + " bytes in a buffer of " + chain.readableBytes());
    }
    if (chain.writableBytes() < Message.ERROR_BYTES) {
      throw new BadRingException("no room for the reply to a 9P request");
    }
    byte[] message = new byte[(int) size];
    System.arraycopy(header, 0, message, 0, header.length);
    chain.read(header.length, message, header.length, message.length - header.length);
    return message;
  }

  /** Null where there is no server. */
  private Connection connectionFor(byte[] request) {
    synchronized (this) {
      if (closed) {
        return null;
      }
      if (connection != null && !connection.isOver()) {
        return connection;
      }
    }
    if (Message.type(request) != Message.TVERSION) {
      return null;
    }
    try {
      Connection started = new Connection(name, server.start(), owners, this);
      synchronized (this) {
        connection = started;
        if (closed) {
          started.end();
        }
      }
      return started;
    } catch (IOException e) {
      lost(e.getMessage());
      return null;
    }
  }

  private void refuse(DescriptorChain chain, byte[] request, int errno) {
    answer(chain, Message.error(Message.tag(request), errno), Message.ERROR_BYTES);
  }

  @Override
  public void answer(DescriptorChain chain, byte[] message, int size) {
    chain.write(0, message, 0, size);
    queue.complete(chain, size);
    if (queue.publish()) {
      host.interruptQueues();
    }
  }

  @Override
  public void lost(String why) {
    log.accept(name + ": the file server " + why + "; the guest gets I/O errors");
  }

  /** Ends the server. Nothing touches the queue afterwards. */
  void close() {
    end();
    boolean interrupted = false;
    while (true) {
      try {
        // A server that is just being started is ended by the thread that starts it.
        thread.join();
        if (connection != null) {
          connection.join();
        }
        break;
      } catch (InterruptedException e) {
        // The memory is ours to write until then: there is no way to stop waiting.
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void end() {
    closed = true;
    notifyAll();
    if (connection != null) {
      connection.end();
    }
  }
}
