// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.life;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.lodger.virtio.VirtioDevice;

/**
 * The devices of one kind that a guest has, by the name that the guest most likely gives them.
 *
 * @param <T> what is known of one of them
 */
public final class Plugged<T> {
  private record Entry<T>(T facts, VirtioDevice device) {}

  private final IntFunction<String> names;
  private final Map<String, Entry<T>> entries = new LinkedHashMap<>();

  /**
   * @param names the name of the device with that number
   */
  Plugged(IntFunction<String> names) {
    this.names = names;
  }

  /** Makes a device under its name and number. */
  public interface Maker<D> {
    D make(String name, int number);
  }

  /** Tells what is to be known of a device. */
  public interface Facts<D, T> {
    T of(D device, int number);
  }

  /** Takes the first free name, as guests do, and puts there what {@code maker} makes. */
  public synchronized <D extends VirtioDevice> D add(Maker<D> maker, Facts<D, T> facts) {
    int number = 0;
    while (entries.containsKey(names.apply(number))) {
      number++;
    }
    String name = names.apply(number);
    D device = maker.make(name, number);
    entries.put(name, new Entry<>(facts.of(device, number), device));
    return device;
  }

  public synchronized List<T> list() {
    return entries.values().stream().map(Entry::facts).toList();
  }

  /** Returns null if there is none of that name. */
  synchronized VirtioDevice device(String name) {
    Entry<T> entry = entries.get(name);
    return entry == null ? null : entry.device();
  }

  /** Removes the device, wherever it is. */
  synchronized void remove(VirtioDevice device) {
    entries.values().removeIf(entry -> entry.device() == device);
  }
}
