// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

import java.lang.invoke.VarHandle;
import org.lodger.hypercall.GuestMemory;

/**
 * Frames from one guest's launcher to another's, in memory that the reader created and both map.
 * Each word has one side that writes it, but for the two flags, which the other side takes back.
 *
 * <pre>
 *    0  u32 written    bytes ever written, modulo 2^32          the writer's
 *   64  u32 read       bytes ever read, modulo 2^32             the reader's
 *   68  u32 sleeping   the reader wants to be woken by a frame  the reader sets, the writer takes
 *  128  u32 waiting    the writer wants to be woken by room     the writer sets, the reader takes
 * 4096  records: u32 length, 4 unused bytes, the bytes, up to the next multiple of 8
 * </pre>
 *
 * <p>A word of the other side's is read once and checked. Neither side ever waits for the other.
 */
final class LinkRing implements AutoCloseable {
  static final int CAPACITY = 1 << 20;
  static final int BYTES = 4096 + CAPACITY;

  private static final int WRITTEN = 0;
  private static final int READ = 64;
  private static final int SLEEPING = 68;
  private static final int WAITING = 128;
  private static final int DATA = 4096;
  private static final int PREFIX = 8;

  /** The other side has broken the rules; nothing in the ring can be believed any more. */
  static final class BrokenException extends RuntimeException {
    private static final long serialVersionUID = 1;

    BrokenException(String why) {
      super(why, null, false, false);
    }
  }

  private final GuestMemory memory;

  /** This side's own index. The copy in the ring is only for the other side to see. */
  private int own;

  /** The length of the record at the reader's index. */
  private int next;

  private LinkRing(GuestMemory memory) {
    this.memory = memory;
  }

  /** A ring to read from. Its reader sleeps. */
  static LinkRing create() {
    LinkRing ring = new LinkRing(GuestMemory.create("lodger-link", BYTES));
    ring.memory.putIntVolatile(SLEEPING, 1);
    return ring;
  }

  /** A ring to write to, which somebody else created. Takes over the descriptor. */
  static LinkRing of(int fd) {
    return new LinkRing(GuestMemory.of(fd, BYTES));
  }

  int fd() {
    return memory.fd();
  }

  // The writer's side.

  /** Appends a record; false if there is no room. */
  boolean write(Segments bytes) {
    int length = (int) bytes.bytes();
    int size = recordBytes(length);
    int used = own - readIndex();
    if (used < 0 || used > CAPACITY) {
      throw new BrokenException("its index ran away");
    }
    if (size > CAPACITY - used) {
      return false;
    }
    memory.putInt(at(own), length);
    int start = own + PREFIX;
    int first = Math.min(length, untilWrap(start));
    bytes.read(0, memory, at(start), first);
    bytes.read(first, memory, DATA, length - first);
    own += size;
    memory.putIntRelease(WRITTEN, own);
    return true;
  }

  /** How far the reader has come. */
  int readIndex() {
    return memory.getIntVolatile(READ);
  }

  /** True once if the reader has to be woken after a {@link #write}. */
  boolean takeSleeping() {
    return take(SLEEPING);
  }

  /** Asks the reader to wake the writer when there is room again. */
  void requestRoom() {
    memory.putIntVolatile(WAITING, 1);
  }

  // The reader's side.

  boolean isEmpty() {
    return memory.getIntVolatile(WRITTEN) == own;
  }

  /** The length of the next record, or 0. */
  int next() {
    int available = memory.getIntVolatile(WRITTEN) - own;
    if (available == 0) {
      return 0;
    }
    if (available < PREFIX || available > CAPACITY) {
      throw new BrokenException("its index ran away");
    }
    next = memory.getInt(at(own));
    if (next < NetHeader.BYTES + NetHeader.FRAME_MIN
        || next > NetHeader.BYTES + NetHeader.FRAME_MAX
        || recordBytes(next) > available) {
      throw new BrokenException("a frame of " + next + " bytes");
    }
    return next;
  }

  /** Copies a part of the record whose length {@link #next} gave. */
  void read(int position, byte[] to) {
    int start = own + PREFIX + position;
    int first = Math.min(to.length, untilWrap(start));
    memory.read(at(start), to, 0, first);
    memory.read(DATA, to, first, to.length - first);
  }

  /** Copies the record from {@code position} on into the same place of the room. */
  void read(int position, Segments to) {
    int start = own + PREFIX + position;
    int length = next - position;
    int first = Math.min(length, untilWrap(start));
    to.write(position, memory, at(start), first);
    to.write(position + first, memory, DATA, length - first);
  }

  /** Makes room of the record; true if the writer has to be woken. */
  boolean remove() {
    own += recordBytes(next);
    memory.putIntVolatile(READ, own);
    // Waking it for each frame would make it send one at a time.
    return memory.getIntVolatile(WRITTEN) - own <= CAPACITY / 2 && take(WAITING);
  }

  /** Asks the writer to wake the reader; what came before that, {@link #isEmpty} tells. */
  void sleep() {
    memory.putIntVolatile(SLEEPING, 1);
  }

  void awake() {
    memory.putIntVolatile(SLEEPING, 0);
  }

  private boolean take(int flag) {
    VarHandle.fullFence();
    return memory.getIntVolatile(flag) != 0 && memory.getAndSetInt(flag, 0) != 0;
  }

  private static int recordBytes(int length) {
    return PREFIX + length + 7 & -8;
  }

  private static int at(int index) {
    return DATA + (index & CAPACITY - 1);
  }

  private static int untilWrap(int index) {
    return CAPACITY - (index & CAPACITY - 1);
  }

  @Override
  public void close() {
    memory.close();
  }
}
