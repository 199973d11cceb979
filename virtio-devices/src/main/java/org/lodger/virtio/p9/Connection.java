// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.p9;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.lodger.virtio.BadRingException;
import org.lodger.virtio.DescriptorChain;

/**
 * One process of the server, and the requests that it has not answered yet: no more than the queue
 * has entries. However the process ends, each of them gets an answer.
 */
final class Connection {
  /** Where answers go, on any thread. */
  interface Answers {
    /** Gives the chain back with the first {@code size} bytes of the message, perhaps none. */
    void answer(DescriptorChain chain, byte[] message, int size);

    /** The server has ended by itself. */
    void lost(String why);
  }

  private final Process process;
  private final Owners owners;
  private final Answers answers;
  private final OutputStream toServer;
  private final Thread reader;

  private final Map<Integer, DescriptorChain> pending = new HashMap<>();

  /** Tags of flushes, and the tags that they flush. */
  private final Map<Integer, Integer> flushes = new HashMap<>();

  private boolean ended;
  private boolean over;

  Connection(String name, Process process, Owners owners, Answers answers) {
    this.process = process;
    this.owners = owners;
    this.answers = answers;
    toServer = process.getOutputStream();
    reader = new Thread(this::readReplies, name);
    reader.setDaemon(true);
    reader.start();
  }

  /** Has the server ended? */
  synchronized boolean isOver() {
    return over;
  }

  /** Sends a request. Blocks while the server takes no more. */
  void send(DescriptorChain chain, byte[] request) {
    int tag = Message.tag(request);
    synchronized (this) {
      if (over) {
        refuse(tag, chain);
        return;
      }
      if (pending.putIfAbsent(tag, chain) != null) {
        throw new BadRingException("9P tag " + tag + " is in use");
      }
      if (Message.type(request) == Message.TFLUSH && request.length >= Message.HEADER_BYTES + 2) {
        flushes.put(tag, Message.shortAt(request, Message.HEADER_BYTES));
      }
    }
    try {
      toServer.write(request);
      toServer.flush();
    } catch (IOException e) {
      // It reads no more. The reader learns the same, and answers this request with the others.
      process.destroyForcibly();
    }
  }

  private void refuse(int tag, DescriptorChain chain) {
    answers.answer(chain, Message.error(tag, Message.EIO), Message.ERROR_BYTES);
  }

  private void readReplies() {
    String why;
    try {
      why = readUntilTheEnd();
    } catch (IOException e) {
      why = e.getMessage();
    }
    process.destroyForcibly();
    synchronized (this) {
      over = true;
      if (ended) {
        return;
      }
      pending.forEach(this::refuse);
      pending.clear();
    }
    answers.lost(why);
  }

  private String readUntilTheEnd() throws IOException {
    InputStream in = process.getInputStream();
    byte[] reply = new byte[1 << 13];
    while (true) {
      if (in.readNBytes(reply, 0, Message.HEADER_BYTES) < Message.HEADER_BYTES) {
        return "ended";
      }
      long size = Message.size(reply);
      if (size < Message.HEADER_BYTES || size > Message.BYTES_MAX) {
        return "sent a message of " + size + " bytes";
      }
      if (size > reply.length) {
        reply = Arrays.copyOf(reply, (int) size);
      }
      int rest = (int) size - Message.HEADER_BYTES;
      if (in.readNBytes(reply, Message.HEADER_BYTES, rest) < rest) {
        return "ended";
      }
      replied(reply, (int) size);
    }
  }

  private void replied(byte[] reply, int size) {
    int tag = Message.tag(reply);
    DescriptorChain chain;
    DescriptorChain flushed = null;
    synchronized (this) {
      if (ended) {
        return;
      }
      chain = pending.remove(tag);
      Integer old = flushes.remove(tag);
      if (old != null && Message.type(reply) == Message.RFLUSH) {
        flushed = pending.remove(old);
      }
    }
    if (flushed != null) {
      // The server has forgotten that request; its buffers must still go back.
      answers.answer(flushed, reply, 0);
    }
    if (chain == null) {
      return;
    }
    if (size > chain.writableBytes()) {
      refuse(tag, chain);
      return;
    }
    owners.toGuest(reply, size);
    answers.answer(chain, reply, size);
  }

  /** Ends the server; no answer starts after this. */
  void end() {
    synchronized (this) {
      ended = true;
    }
    process.destroyForcibly();
  }

  /** Returns once no answer is under way, after {@link #end}. */
  void join() throws InterruptedException {
    reader.join();
  }
}
