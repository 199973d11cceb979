// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio;

/**
 * One virtio device, as the transport sees it. Devices know queues and guest memory; they know
 * neither the transport nor the launcher.
 *
 * <p>The transport calls {@link #activate}, {@link #notified} and {@link #reset} on one thread per
 * device. Any of them may throw {@link BadRingException}: the driver broke the rules, and the
 * transport stops the device as {@link DeviceHost#broken} does.
 */
public interface VirtioDevice extends AutoCloseable {
  /** The device number of virtio 1.2, section 5. */
  int deviceId();

  /** For log lines and thread names. */
  String name();

  /** The features of this kind of device; the transport adds {@link VirtQueue#FEATURES}. */
  long features();

  int queueCount();

  /** The largest size of that queue, a power of two. */
  int queueSizeMax(int queue);

  /** The bytes of the configuration space as they are now, at most 256. Called from any thread. */
  byte[] config();

  /**
   * The driver wrote into the configuration space, which now holds these bytes. Called on the
   * device's thread. Only a device with a field that is the driver's to write needs to look.
   */
  default void configWritten(byte[] config) {}

  /** The driver is ready. {@code queues[i]} is null where the driver has set up no queue. */
  void activate(long acceptedFeatures, VirtQueue[] queues, DeviceHost host);

  /** The driver rang the doorbell of that queue. */
  void notified(int queue);

  /** Waits for what is in flight. Once this returns, the device touches no ring and no buffer. */
  void reset();

  /** Ends the device. Called once, after the last call of any other method. */
  @Override
  void close();
}
