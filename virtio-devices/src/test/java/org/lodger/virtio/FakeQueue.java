// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import org.lodger.hypercall.GuestMemory;

/**
 * The driver's side of a split virtqueue, obedient by default. A test that wants to break the rules
 * writes the words itself, through {@link #descriptor} and {@link #expose}.
 *
 * <p>Indices start just below the wrap, so that every test of some length goes over it.
 */
public final class FakeQueue {
  public static final int NEXT = 1;
  public static final int WRITE = 2;
  public static final int INDIRECT = 4;
  public static final int START = 0xfffd;

  /** A used element. */
  public record Used(int head, int length) {}

  /** A piece of guest memory in a request. */
  public record Segment(long address, long length, boolean writable) {}

  public final int size;
  public final long desc;
  public final long avail;
  public final long used;
  private final GuestMemory ram;
  private final boolean eventIdx;
  private final List<Integer> free = new ArrayList<>();
  private final int[] chainLength;
  private int availIndex = START;
  private int usedIndex = START;
  private int kickedIndex = START;

  public FakeQueue(FakeDriver driver, int size, boolean eventIdx) {
    this.ram = driver.ram;
    this.size = size;
    this.eventIdx = eventIdx;
    desc = driver.allocate(16L * size);
    avail = driver.allocate(6 + 2L * size);
    used = driver.allocate(6 + 8L * size);
    chainLength = new int[size];
    for (int i = 0; i < size; i++) {
      free.add(i);
    }
    ram.putShort(avail + 2, (short) START);
    ram.putShort(used + 2, (short) START);
    ram.putShort(used + 4 + 8L * size, (short) START);
    wantInterrupts(true);
  }

  /** The device's view of this queue. */
  public VirtQueue device() {
    return new VirtQueue(ram, size, desc, avail, used, eventIdx, START);
  }

  public static Segment in(long address, long length) {
    return new Segment(address, length, true);
  }

  public static Segment out(long address, long length) {
    return new Segment(address, length, false);
  }

  /** Writes one descriptor, whatever it says. */
  public void descriptor(int index, long address, long length, int flags, int next) {
    descriptorAt(desc + 16L * index, address, length, flags, next);
  }

  public void descriptorAt(long at, long address, long length, int flags, int next) {
    ram.putLong(at, address);
    ram.putInt(at + 8, (int) length);
    ram.putShort(at + 12, (short) flags);
    ram.putShort(at + 14, (short) next);
  }

  /** Puts a head into the available ring, whatever it says, and shows it to the device. */
  public void expose(int head) {
    ram.putShort(avail + 4 + 2L * (availIndex & size - 1), (short) head);
    jump(1);
  }

  /** Moves the available index. */
  public void jump(int by) {
    availIndex = availIndex + by & 0xffff;
    ram.putShortRelease(avail + 2, (short) availIndex);
  }

  /** Makes a chain of direct descriptors available; returns its head. */
  public int add(Segment... segments) {
    if (free.size() < segments.length) {
      throw new IllegalStateException("queue full");
    }
    int[] indices = new int[segments.length];
    for (int i = 0; i < indices.length; i++) {
      // From the end: chains then run through the table in no simple order.
      indices[i] = free.remove(free.size() - 1 - (free.size() > 2 ? i % 2 : 0));
    }
    for (int i = 0; i < segments.length; i++) {
      boolean last = i == segments.length - 1;
      int flags = (last ? 0 : NEXT) | (segments[i].writable() ? WRITE : 0);
      int next = last ? 0 : indices[i + 1];
      descriptor(indices[i], segments[i].address(), segments[i].length(), flags, next);
    }
    chainLength[indices[0]] = segments.length;
    expose(indices[0]);
    return indices[0];
  }

  /** The same through an indirect table at the given place. */
  public int addIndirect(long table, Segment... segments) {
    for (int i = 0; i < segments.length; i++) {
      boolean last = i == segments.length - 1;
      int flags = (last ? 0 : NEXT) | (segments[i].writable() ? WRITE : 0);
      Segment s = segments[i];
      descriptorAt(table + 16L * i, s.address(), s.length(), flags, last ? 0 : i + 1);
    }
    int head = free.remove(free.size() - 1);
    chainLength[head] = 1;
    descriptor(head, table, 16L * segments.length, INDIRECT, 0);
    expose(head);
    return head;
  }

  /** The next used element, or null. */
  public Used poll() {
    if (usedIndex == (ram.getShortAcquire(used + 2) & 0xffff)) {
      return null;
    }
    long element = used + 4 + 8L * (usedIndex & size - 1);
    Used result = new Used(ram.getInt(element), ram.getInt(element + 4));
    usedIndex = usedIndex + 1 & 0xffff;
    int index = result.head();
    for (int i = 0; i < chainLength[result.head()]; i++) {
      free.add(index);
      index = ram.getShort(desc + 16L * index + 14) & 0xffff;
    }
    wantInterrupts(true);
    return result;
  }

  /** Waits for the next used element; the tests' own timeout ends a wait that is in vain. */
  public Used await() throws InterruptedException {
    for (Used result = poll(); ; result = poll()) {
      if (result != null) {
        return result;
      }
      Thread.sleep(1);
    }
  }

  /** Asks for an interrupt with the next used element, or for none. */
  public void wantInterrupts(boolean wanted) {
    if (eventIdx) {
      int event = wanted ? usedIndex : usedIndex - 1 & 0xffff;
      ram.putShortRelease(avail + 4 + 2L * size, (short) event);
    } else {
      ram.putShortRelease(avail, (short) (wanted ? 0 : 1));
    }
    VarHandle.fullFence();
  }

  /** Whether an obedient driver would ring the doorbell now. */
  public boolean kickWanted() {
    int old = kickedIndex;
    kickedIndex = availIndex;
    VarHandle.fullFence();
    if (!eventIdx) {
      return (ram.getShortAcquire(used) & 1) == 0;
    }
    int event = ram.getShortAcquire(used + 4 + 8L * size) & 0xffff;
    return (availIndex - event - 1 & 0xffff) < (availIndex - old & 0xffff);
  }
}
