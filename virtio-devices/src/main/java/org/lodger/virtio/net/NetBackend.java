// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.net;

/**
 * Where a card's cable leads. Frames go both ways with a {@link NetHeader} before them; a back end
 * that offers no offloads gets and gives only headers that ask for nothing.
 *
 * <p>{@link #send} is called by one thread at a time, and so are {@link #receive} and {@link
 * #await}; the two may be called at once. Each of them may throw {@link LinkDownException}: the
 * back end has ended, and nothing more is asked of it than to close.
 */
public interface NetBackend extends AutoCloseable {
  /** The offloads it can carry, as feature bits of the device. */
  long offloads();

  /** The largest IP packet in bytes, for the guest to know; 0 leaves that to the guest. */
  int mtu();

  /** A driver has accepted these features. No frame moves before. */
  void start(long acceptedFeatures);

  /**
   * Sends a header and frame, at least {@link NetHeader#BYTES} + {@link NetHeader#FRAME_MIN} bytes.
   * False if there is no room: the same frame comes again after {@link #await}. What cannot be
   * delivered at all is dropped, and counts as sent.
   */
  boolean send(Segments frame);

  /**
   * Receives the next header and frame; returns their bytes, or 0 if nothing waits. What is longer
   * than the room is dropped. The header's num_buffers is not the back end's to fill in.
   */
  long receive(Segments room);

  /**
   * Sleeps until a frame waits, if {@code toReceive}; until there may be room, if {@code toSend};
   * in any case until {@code wake}, an eventfd, is signalled, and takes that signal.
   */
  void await(int wake, boolean toReceive, boolean toSend);

  /** Ends the back end. Called once; no other call is under way or follows. */
  @Override
  void close();
}
