// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.agent;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.lodger.virtio.console.ConsoleDevice;
import org.lodger.virtio.console.ConsolePort;

/** A command in a guest, run by the agent: its streams are ours, and so is its exit status. */
public final class CommandSession {
  private static final int SIGPIPE = 13;
  private static final String TO_AGENT = "org.lodger.control";

  private final BlockingQueue<byte[]> outbox = new LinkedBlockingQueue<>();
  private final ConsolePort stdio;
  private final ConsolePort stderr;
  private final ConsolePort control;
  private final Message.Decoder decoder = new Message.Decoder(this::answered);

  private Integer status;
  private String failure;

  public CommandSession(List<String> command) {
    OutputStream out = new FileOutputStream(FileDescriptor.out);
    OutputStream err = new FileOutputStream(FileDescriptor.err);
    stdio = new ConsolePort("org.lodger.stdio", (b, offset, n) -> pass(out, b, offset, n));
    stderr = new ConsolePort("org.lodger.stderr", err::write);
    control = new ConsolePort(TO_AGENT, this::received);
    List<String> run = new ArrayList<>(List.of("run", "", String.valueOf(command.size())));
    run.addAll(command);
    run.add("0");
    outbox.add(Message.encode(run));
  }

  public ConsoleDevice device() {
    return ConsoleDevice.multiport("agent", stdio, stderr, control);
  }

  /** Sends the command to the agent as soon as that listens, and stdin after it. */
  public void start() {
    thread(this::sendMessages, "agent");
    thread(this::sendStdin, "stdin");
  }

  /** Sends a signal to the command. */
  public void signal(int number) {
    outbox.add(Message.encode(List.of("signal", String.valueOf(number))));
  }

  /** The command's exit status, if it ended. */
  public synchronized OptionalInt status() {
    return status == null ? OptionalInt.empty() : OptionalInt.of(status);
  }

  /** Why no command was run, or null. */
  public synchronized String failure() {
    return failure;
  }

  private static void thread(Runnable work, String name) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    thread.start();
  }

  private void sendMessages() {
    try {
      byte[] message;
      do {
        message = outbox.take();
      } while (control.send(message, 0, message.length));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void sendStdin() {
    byte[] bytes = new byte[1 << 16];
    long total = 0;
    InputStream in = new FileInputStream(FileDescriptor.in);
    try {
      int n;
      while ((n = in.read(bytes)) > 0) {
        if (!stdio.send(bytes, 0, n)) {
          return;
        }
        total += n;
      }
    } catch (IOException e) {
      // A closed stdin is an empty one.
    } catch (InterruptedException e) {
      return;
    }
    outbox.add(Message.encode(List.of("stdin-eof", String.valueOf(total))));
  }

  /** When nobody reads stdout any more, the command learns it as it would on the host. */
  private void pass(OutputStream out, byte[] bytes, int offset, int length) throws IOException {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      signal(SIGPIPE);
      throw e;
    }
  }

  private void received(byte[] bytes, int offset, int length) throws IOException {
    try {
      decoder.add(bytes, offset, length);
    } catch (IllegalArgumentException e) {
      failed("the guest's agent sent " + e.getMessage());
      throw new IOException(e);
    }
  }

  private void answered(List<String> message) {
    if (message.get(0).equals("exit") && message.size() > 1) {
      exited(message.get(1));
    } else if (message.get(0).equals("failed") && message.size() > 1) {
      failed(message.get(1));
    } else {
      throw new IllegalArgumentException("a message that nobody knows");
    }
  }

  private synchronized void exited(String number) {
    status = Integer.parseInt(number) & 0xff;
  }

  private synchronized void failed(String why) {
    failure = why;
  }
}
