// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;
import org.lodger.hypercall.host.UnixSocket;

/**
 * Who is on a link: a thread that greets those who come, and notices who leaves. It moves no frame.
 */
final class LinkMembers implements AutoCloseable {
  /** What the link does about it. */
  interface Listener {
    /** Frames may be exchanged with that peer. */
    void joined(LinkPeer peer);

    /** The peer's memory is about to be unmapped. */
    void left(LinkPeer peer);
  }

  private final LinkFolder folder;
  private final long id;
  private final int doorbell;
  private final Listener listener;
  private final Consumer<String> log;
  private final int user;
  private final int wake = Host.eventfd();
  private final Thread thread = new Thread(this::serve, "link");

  /** The thread's own. */
  private final List<LinkPeer> peers = new ArrayList<>();

  private final List<LinkPeer> dismissed = new ArrayList<>();
  private boolean closed;

  /**
   * Joins a link.
   *
   * @param doorbell an eventfd with which others wake this member
   */
  LinkMembers(Path path, int doorbell, Listener listener, Consumer<String> log) {
    id = new SecureRandom().nextLong() | 1;
    folder = LinkFolder.enter(path, id);
    this.doorbell = doorbell;
    this.listener = listener;
    this.log = log;
    user = ownUser();
    thread.setDaemon(true);
    thread.start();
  }

  private static int ownUser() {
    try {
      return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    } catch (IOException e) {
      throw new NetException("cannot read /proc/self: " + e.getMessage());
    }
  }

  /** Ends the connection to a peer that has broken the rules. */
  synchronized void dismiss(LinkPeer peer) {
    dismissed.add(peer);
    Host.signal(wake);
  }

  private void serve() {
    try {
      for (LinkFolder.Connection connection : folder.connectToAll()) {
        greet(new LinkPeer(connection.socket(), true, connection.id()));
      }
    } catch (NetException e) {
      log.accept(e.getMessage());
    }
    while (true) {
      long[] polls = new long[2 + peers.size()];
      polls[0] = Host.pollFor(wake, Host.POLLIN);
      polls[1] = Host.pollFor(folder.listener(), Host.POLLIN);
      for (int i = 0; i < peers.size(); i++) {
        polls[2 + i] = Host.pollFor(peers.get(i).socket, Host.POLLIN);
      }
      Host.poll(polls, polls.length, -1);
      List<LinkPeer> polled = List.copyOf(peers);
      for (int i = 0; i < polled.size(); i++) {
        if (Host.polled(polls[2 + i]) != 0) {
          hear(polled.get(i));
        }
      }
      if (Host.polled(polls[1]) != 0) {
        acceptAll();
      }
      if (Host.polled(polls[0]) != 0 && !obey()) {
        return;
      }
    }
  }

  /** Does what other threads want; false at the end. */
  private boolean obey() {
    List<LinkPeer> unwanted;
    Host.await(wake);
    synchronized (this) {
      unwanted = List.copyOf(dismissed);
      dismissed.clear();
      if (closed) {
        unwanted = List.copyOf(peers);
      }
    }
    unwanted.forEach(this::remove);
    return !closed;
  }

  private void acceptAll() {
    for (int fd = UnixSocket.accept(folder.listener());
        fd >= 0;
        fd = UnixSocket.accept(folder.listener())) {
      if (UnixSocket.peerUser(fd) == user) {
        greet(new LinkPeer(fd, false, 0));
      } else {
        Host.close(fd);
      }
    }
  }

  private void greet(LinkPeer peer) {
    peers.add(peer);
    try {
      LinkHello.send(peer.socket, id, peer.in, doorbell);
    } catch (HostException e) {
      remove(peer);
    }
  }

  private void hear(LinkPeer peer) {
    if (!peers.contains(peer)) {
      return; // another one's message was the end of this one
    }
    UnixSocket.Message message;
    try {
      message = UnixSocket.receive(peer.socket, LinkHello.BYTES);
    } catch (HostException e) {
      remove(peer);
      return;
    }
    if (message == null) {
      return;
    }
    LinkHello hello = LinkHello.parse(message);
    if (hello == null || peer.isAttached()) {
      if (message.bytes().length > 0) {
        log.accept("link: a member said something unknown; it is not of this version, and ignored");
      }
      if (hello != null) {
        hello.close();
      }
      remove(peer);
      return;
    }
    meet(peer, hello);
  }

  /** Two who came at the same time have two connections: the one made by the lower id stays. */
  private void meet(LinkPeer peer, LinkHello hello) {
    for (LinkPeer other : List.copyOf(peers)) {
      if (other != peer && other.id == hello.id()) {
        boolean keepOurs = Long.compareUnsigned(id, hello.id()) < 0;
        boolean keepOther = other.ours != peer.ours && other.ours == keepOurs;
        if (keepOther) {
          hello.close();
          remove(peer);
          return;
        }
        remove(other);
      }
    }
    peer.attach(hello.id(), hello.ring(), hello.doorbell());
    listener.joined(peer);
  }

  private void remove(LinkPeer peer) {
    if (peers.remove(peer)) {
      listener.left(peer);
      peer.close();
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    Host.signal(wake);
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    folder.close();
    Host.close(wake);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
