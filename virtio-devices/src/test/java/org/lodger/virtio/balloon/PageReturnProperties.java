// SPDX-License-Identifier: Apache-2.0
package org.lodger.virtio.balloon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.lodger.virtio.FakeQueue.in;
import static org.lodger.virtio.FakeQueue.out;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.lodger.virtio.FakeDriver;
import org.lodger.virtio.VirtQueue;

/** Whatever a driver names, exactly those pages lose their contents, or the device stops. */
class PageReturnProperties {
  private static final int PAGE = BalloonDevice.PAGE;

  /** Above the pages in which the fake driver has its rings. */
  private static final int FIRST = 1024;

  private static final int PAGES = 64;

  private FakeDriver driver;
  private final BitSet full = new BitSet();

  @BeforeTry
  void start() {
    driver = new FakeDriver();
    BalloonDevice device = new BalloonDevice(driver.ram);
    driver.start(device, VirtQueue.FEATURES | device.features());
    for (int page = FIRST; page < FIRST + PAGES; page++) {
      driver.ram.putByte((long) page * PAGE, (byte) 1);
      driver.ram.putByte((long) page * PAGE + PAGE - 1, (byte) 1);
      full.set(page);
    }
  }

  @AfterTry
  void close() {
    driver.close();
  }

  @Provide
  Arbitrary<Integer> frames() {
    return Arbitraries.frequencyOf(
        Tuple.of(60, Arbitraries.integers().between(FIRST, FIRST + PAGES - 1)),
        // Not below: there the driver would take its own rings away.
        Tuple.of(1, Arbitraries.integers().filter(frame -> frame < 0 || frame >= FIRST)));
  }

  @Property
  void listedPages(@ForAll @Size(min = 1, max = 300) List<@From("frames") Integer> frames) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * frames.size()).order(ByteOrder.LITTLE_ENDIAN);
    frames.forEach(bytes::putInt);
    driver.queue(0).add(out(driver.put(bytes.array()), bytes.capacity()));
    driver.kick(0);
    boolean good = frames.stream().allMatch(f -> f >= 0 && f < driver.ram.size() / PAGE);
    assertEquals(good, driver.broken == null);
    if (good) {
      frames.forEach(full::clear);
    }
    check();
  }

  @Property
  void reportedMemory(
      @ForAll @LongRange(min = (FIRST - 2) * PAGE, max = (FIRST + PAGES + 1) * PAGE) long start,
      @ForAll @LongRange(min = 1, max = (PAGES + 2) * PAGE) long length) {
    driver.queue(3).add(in(start, length));
    driver.kick(3);
    assertEquals(null, driver.broken);
    for (int page = FIRST; page < FIRST + PAGES; page++) {
      long at = (long) page * PAGE;
      full.set(page, at < start || at + PAGE > start + length);
    }
    check();
  }

  private void check() {
    for (int page = FIRST; page < FIRST + PAGES; page++) {
      long at = (long) page * PAGE;
      int expected = full.get(page) ? 1 : 0;
      assertEquals(expected, driver.ram.getByte(at), "page " + page);
      assertEquals(expected, driver.ram.getByte(at + PAGE - 1), "end of page " + page);
    }
  }
}
