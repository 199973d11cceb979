// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio;

import java.lang.invoke.VarHandle;
import org.lodger.hypercall.GuestMemory;

/**
 * The device's side of a split virtqueue (virtio 1.2, section 2.7).
 *
 * <pre>
 * struct virtq_desc  { le64 addr; le32 len; le16 flags; le16 next; };             size of them
 * struct virtq_avail { le16 flags; le16 idx; le16 ring[size]; le16 used_event; };
 * struct virtq_used  { le16 flags; le16 idx; struct { le32 id; le32 len; } ring[size];
 *                      le16 avail_event; };
 * </pre>
 *
 * <p>The rings live in memory that the guest may change at any moment. So every word is read once
 * and checked before it is used; what fails the check throws {@link BadRingException}.
 *
 * <p>The available side ({@link #next}, the notification calls) belongs to one thread at a time.
 * The used side ({@link #complete}, {@link #publish}) may be called from any thread.
 */
public final class VirtQueue {
  public static final long FEATURE_INDIRECT_DESC = 1L << 28;
  public static final long FEATURE_EVENT_IDX = 1L << 29;
  public static final long FEATURE_VERSION_1 = 1L << 32;

  /** What every device offers because this class does it. */
  public static final long FEATURES = FEATURE_INDIRECT_DESC | FEATURE_EVENT_IDX | FEATURE_VERSION_1;

  public static final int SIZE_MAX = 32768;

  static final int DESCRIPTOR_BYTES = 16;

  private static final int INDEX = 2;
  private static final int RING = 4;
  private static final int USED_ELEMENT_BYTES = 8;
  private static final int AVAIL_NO_INTERRUPT = 1;
  private static final int USED_NO_NOTIFY = 1;

  private final GuestMemory ram;
  private final int size;
  private final long desc;
  private final long avail;
  private final long used;
  private final boolean eventIdx;

  /** One chain per head, so that nothing is allocated per request once all heads were seen. */
  private final DescriptorChain[] chains;

  private int nextAvail;
  private int seenAvail;

  private final Object usedSide = new Object();
  private int nextUsed;
  private int publishedUsed;

  public VirtQueue(GuestMemory ram, int size, long desc, long avail, long used, boolean eventIdx) {
    this(ram, size, desc, avail, used, eventIdx, 0);
  }

  /** A queue whose indices start elsewhere than at 0, as those of a restored guest do. */
  public VirtQueue(
      GuestMemory ram,
      int size,
      long desc,
      long avail,
      long used,
      boolean eventIdx,
      int startIndex) {
    if (size < 1 || size > SIZE_MAX || Integer.bitCount(size) != 1) {
      throw new BadRingException("queue size " + size + " is not a power of two up to 32768");
    }
    checkRing(ram, "descriptor table", desc, 16, (long) DESCRIPTOR_BYTES * size);
    checkRing(ram, "available ring", avail, 2, RING + 2L * size + 2);
    checkRing(ram, "used ring", used, 4, RING + (long) USED_ELEMENT_BYTES * size + 2);
    this.ram = ram;
    this.size = size;
    this.desc = desc;
    this.avail = avail;
    this.used = used;
    this.eventIdx = eventIdx;
    chains = new DescriptorChain[size];
    nextAvail = seenAvail = nextUsed = publishedUsed = startIndex & 0xffff;
  }

  private static void checkRing(
      GuestMemory ram, String what, long address, int alignment, long length) {
    if (address % alignment != 0 || !ram.contains(address, length)) {
      throw new BadRingException(
          what + " at 0x" + Long.toHexString(address) + " is unaligned or outside RAM");
    }
  }

  public int size() {
    return size;
  }

  /** The next chain the driver made available, or null. It is the caller's until completed. */
  public DescriptorChain next() {
    if (!hasNext()) {
      return null;
    }
    int head = ram.getShort(avail + RING + 2L * (nextAvail & size - 1)) & 0xffff;
    if (head >= size) {
      throw new BadRingException("chain head " + head + " in a queue of " + size);
    }
    DescriptorChain chain = chains[head];
    if (chain == null) {
      chain = chains[head] = new DescriptorChain(ram, head);
    }
    chain.load(desc, size);
    nextAvail = nextAvail + 1 & 0xffff;
    return chain;
  }

  /** Is there a chain to take? Checked, as far as the index goes. */
  public boolean hasNext() {
    return nextAvail != seenAvail || moreAvailable();
  }

  private boolean moreAvailable() {
    int index = ram.getShortAcquire(avail + INDEX) & 0xffff;
    if ((index - nextAvail & 0xffff) > size) {
      throw new BadRingException("available index jumped from " + nextAvail + " to " + index);
    }
    seenAvail = index;
    return index != nextAvail;
  }

  /**
   * Hands a chain back with the number of bytes written to it. The driver sees it after the next
   * {@link #publish}.
   */
  public void complete(DescriptorChain chain, long written) {
    synchronized (usedSide) {
      long element = used + RING + (long) USED_ELEMENT_BYTES * (nextUsed & size - 1);
      ram.putLong(element, chain.head() | written << 32);
      chain.release();
      nextUsed = nextUsed + 1 & 0xffff;
    }
  }

  /** Shows the driver all completed chains; true if it wants an interrupt for them. */
  public boolean publish() {
    synchronized (usedSide) {
      int old = publishedUsed;
      if (old == nextUsed) {
        return false;
      }
      publishedUsed = nextUsed;
      ram.putShortRelease(used + INDEX, (short) nextUsed);
      // The driver arms interrupts and then looks at the index; we do the reverse. Without a full
      // fence on both sides each could miss the other's store.
      VarHandle.fullFence();
      if (!eventIdx) {
        return (ram.getShortAcquire(avail) & AVAIL_NO_INTERRUPT) == 0;
      }
      int usedEvent = ram.getShortAcquire(avail + RING + 2L * size) & 0xffff;
      return (nextUsed - usedEvent - 1 & 0xffff) < (nextUsed - old & 0xffff);
    }
  }

  /** Asks the driver to ring no doorbell: we are looking anyway. */
  public void suppressNotifications() {
    if (!eventIdx) {
      ram.putShortRelease(used, (short) USED_NO_NOTIFY);
    }
    // With event-idx there is nothing to do: the event lies behind until it is asked for again.
  }

  /**
   * Asks for a doorbell with the next chain. True if a chain came before the request could be seen:
   * then no doorbell may come, and the caller has to look again.
   */
  public boolean requestNotifications() {
    if (eventIdx) {
      ram.putShortRelease(used + RING + (long) USED_ELEMENT_BYTES * size, (short) nextAvail);
    } else {
      ram.putShortRelease(used, (short) 0);
    }
    VarHandle.fullFence();
    return hasNext();
  }
}
