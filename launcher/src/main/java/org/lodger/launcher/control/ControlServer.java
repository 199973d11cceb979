// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import jdk.net.ExtendedSocketOptions;
import org.lodger.launcher.Log;
import org.lodger.launcher.UsageException;

/**
 * The guest's control socket. It speaks to its owner and to root, to a bounded number at a time;
 * nothing that happens here touches the guest but by a route.
 */
public final class ControlServer implements AutoCloseable {
  static final int CONNECTIONS_MAX = 64;
  static final String NEW = ".new";
  private static final long REQUEST_SECONDS = 10;
  private static final int RETRY_MS = 100;
  private static final long FAREWELL_MS = 1000;

  private final ServerSocketChannel socket;
  private final Router router;
  private final Log log;
  private final UserPrincipal owner;
  private final long patienceMs;

  /** Answers being made; guarded by this. */
  private int owed;

  private final Semaphore free = new Semaphore(CONNECTIONS_MAX);
  private final ExecutorService connections = Executors.newCachedThreadPool(ControlServer::thread);
  private final ScheduledThreadPoolExecutor watches =
      new ScheduledThreadPoolExecutor(1, ControlServer::thread);

  private ControlServer(ServerSocketChannel socket, Router router, Log log, long patienceMs)
      throws IOException {
    this.socket = socket;
    this.router = router;
    this.log = log;
    this.patienceMs = patienceMs;
    owner = Files.getOwner(Path.of("/proc/self"));
    watches.setRemoveOnCancelPolicy(true);
  }

  /** Listens at the path, which must be free. */
  public static ControlServer start(Path path, ControlApi api, Log log) {
    return start(
        path, new Router(api.routes(), log), log, TimeUnit.SECONDS.toMillis(REQUEST_SECONDS));
  }

  static ControlServer start(Path path, Router router, Log log, long patienceMs) {
    try {
      ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      // A socket is there before it listens: its name must come last.
      Path fresh = path.resolveSibling(path.getFileName() + NEW);
      Files.deleteIfExists(fresh);
      socket.bind(UnixDomainSocketAddress.of(fresh), CONNECTIONS_MAX);
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
      Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
      ControlServer server = new ControlServer(socket, router, log, patienceMs);
      thread(server::accept).start();
      return server;
    } catch (IOException e) {
      throw new UsageException("cannot listen at " + path + ": " + e.getMessage());
    }
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "control");
    thread.setDaemon(true);
    return thread;
  }

  private void accept() {
    while (true) {
      try {
        admit(socket.accept());
      } catch (ClosedChannelException e) {
        return;
      } catch (IOException e) {
        // Most often out of descriptors; whoever knocks waits.
        log.trace("control socket: " + e.getMessage());
        pause();
      }
    }
  }

  private static void pause() {
    try {
      Thread.sleep(RETRY_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void admit(SocketChannel peer) {
    if (free.tryAcquire()) {
      connections.execute(() -> serve(peer));
    } else {
      turnAway(peer, 503, "too many connections");
    }
  }

  private void serve(SocketChannel peer) {
    try (peer) {
      if (!isWelcome(peer)) {
        turnAway(peer, 403, "this guest belongs to another user");
        return;
      }
      new HttpConnection(SocketStreams.in(peer), SocketStreams.out(peer), router, new Timeout(peer))
          .serve();
    } catch (IOException e) {
      log.trace("control connection: " + e);
    } catch (RuntimeException e) {
      log.warn("internal error at the control socket, please report it: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      free.release();
    }
  }

  /** The socket's mode keeps others out; but modes can be changed. */
  private boolean isWelcome(SocketChannel peer) throws IOException {
    UserPrincipal user = peer.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
    return user.equals(owner) || user.getName().equals("root") || user.getName().equals("0");
  }

  /** Never blocks: a connection that is new has room for one answer. */
  private static void turnAway(SocketChannel peer, int status, String reason) {
    try (peer) {
      peer.configureBlocking(false);
      byte[] answer = HttpConnection.encode(Response.error(status, reason), true);
      peer.write(ByteBuffer.wrap(answer));
    } catch (IOException e) {
      // It has gone already.
    }
  }

  /** Ends a connection whose other side takes too long. */
  private final class Timeout implements HttpConnection.Watch {
    private final SocketChannel peer;
    private ScheduledFuture<?> end;

    Timeout(SocketChannel peer) {
      this.peer = peer;
    }

    @Override
    public void start() {
      stop();
      end = watches.schedule(this::expire, patienceMs, TimeUnit.MILLISECONDS);
    }

    @Override
    public void stop() {
      if (end != null) {
        end.cancel(false);
      }
    }

    @Override
    public void owing(boolean answer) {
      owe(answer);
    }

    private void expire() {
      try {
        peer.close();
      } catch (IOException e) {
        // So it is closed.
      }
    }
  }

  private synchronized void owe(boolean answer) {
    owed += answer ? 1 : -1;
    notifyAll();
  }

  /** Stops listening, and sees the last answers off. Connections end with the launcher. */
  @Override
  public synchronized void close() throws InterruptedException {
    try {
      socket.close();
    } catch (IOException e) {
      // Then nobody can connect anyway.
    }
    long end = System.nanoTime() + FAREWELL_MS * 1_000_000;
    for (long left = FAREWELL_MS; owed > 0 && left > 0; ) {
      wait(left);
      left = (end - System.nanoTime()) / 1_000_000;
    }
  }
}
