// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodger.hypercall.Abi;
import org.lodger.hypercall.GuestMemory;
import org.lodger.launcher.Log;
import org.lodger.launcher.UsageException;
import org.lodger.launcher.process.Vcpu;
import org.lodger.virtio.VirtQueue;

@Timeout(60)
class DevicePageTest {
  private static final int ALL_OK =
      FakeDriver.ACKNOWLEDGE_DRIVER | FakeDriver.FEATURES_OK | FakeDriver.DRIVER_OK;
  private static final long FEATURES = VirtQueue.FEATURE_VERSION_1 | VirtQueue.FEATURE_EVENT_IDX;

  @TempDir Path dir;

  private final GuestMemory ram = GuestMemory.create("ram", 1 << 20);
  private final GuestMemory control = GuestMemory.create("control", Abi.CONTROL_SIZE);
  private final FakeDevice device = new FakeDevice();
  private Path logFile;
  private Log log;
  private DevicePage page;
  private FakeDriver driver;

  @BeforeEach
  void open() {
    logFile = dir.resolve("log");
    log = Log.open(logFile, false);
    page = new DevicePage(ram, control, new Vcpu(control), log);
    page.add(device);
    driver = new FakeDriver(control, page, 0);
  }

  @AfterEach
  void close() throws InterruptedException {
    page.close();
    log.close();
    control.close();
    ram.close();
  }

  @Test
  void describesTheDevice() {
    assertEquals(42, driver.read(Abi.Device.DEVICE_ID));
    assertEquals(2, driver.read(Abi.Device.NR_QUEUES));
    assertEquals(3, driver.read(Abi.Device.CONFIG_LEN));
    assertEquals(0x030201, driver.read(Abi.Device.CONFIG));
    assertEquals(16, driver.read(Abi.Device.QUEUE + Abi.Queue.SIZE_OF + Abi.Queue.SIZE_MAX));
    assertEquals(0, driver.read(Abi.Device.QUEUE + 2 * Abi.Queue.SIZE_OF));
    long offered = control.getLong(Abi.CONTROL_DEVICES + Abi.Device.DEVICE_FEATURES);
    assertEquals(FakeDevice.FEATURE | VirtQueue.FEATURES, offered);
    assertEquals(0, control.getInt(DevicePage.slot(1)));
  }

  private void startDriver() {
    driver.negotiate(FEATURES | FakeDevice.FEATURE);
    driver.queue(0, 8, 0x1000, 0x2000, 0x3000);
    assertEquals(ALL_OK, driver.start());
  }

  @Test
  void activatesAndRingsEveryQueueOnce() {
    startDriver();
    assertEquals(List.of("activate 32 8,2", "notified 0", "notified 1"), device.takeCalls());
    driver.ring(1);
    FakeDriver.await(() -> device.was("notified 1"));
    assertEquals(List.of("notified 1"), device.takeCalls());
  }

  @Test
  void aDoorbellOfASleepingDeviceIsNobodysBusiness() {
    driver.ring(0);
    driver.status(FakeDriver.ACKNOWLEDGE_DRIVER);
    assertEquals(List.of(), device.takeCalls());
  }

  @Test
  void refusesFeaturesThatWereNotOffered() {
    assertEquals(FakeDriver.ACKNOWLEDGE_DRIVER, driver.negotiate(FEATURES | 1L << 40));
    assertEquals(FakeDriver.ACKNOWLEDGE_DRIVER, driver.negotiate(FakeDevice.FEATURE));
    driver.start();
    assertFalse(device.was("activate 32 0,2"));
  }

  @Test
  void resets() {
    startDriver();
    device.takeCalls();
    assertEquals(0, driver.status(0));
    assertEquals(List.of("reset"), device.takeCalls());
    driver.ring(0);
    driver.status(0);
    assertEquals(List.of(), device.takeCalls());
    startDriver();
    assertEquals("activate 32 8,2", device.takeCalls().get(0));
  }

  @Test
  void interruptsThroughIsrAndPending() {
    startDriver();
    device.host.interruptQueues();
    assertTrue(driver.interruptPending());
    assertEquals(1, driver.takeIsr());
    device.config = new byte[] {1, 9, 3, 4};
    device.host.configChanged();
    assertEquals(2, driver.takeIsr());
    assertEquals(0x04030901, driver.read(Abi.Device.CONFIG));
    assertEquals(0, driver.read(Abi.Device.CONFIG_GENERATION) & 1);
  }

  @Test
  void aBrokenRingStopsTheDeviceWithOneLine() throws IOException {
    startDriver();
    device.breaks = true;
    driver.ring(0);
    FakeDriver.await(() -> (driver.read(Abi.Device.STATUS_RESULT) & FakeDriver.NEEDS_RESET) != 0);
    FakeDriver.await(driver::interruptPending);
    assertTrue(device.was("reset"));
    device.takeCalls();
    driver.ring(0);
    assertEquals(ALL_OK | FakeDriver.NEEDS_RESET, driver.status(ALL_OK));
    assertEquals(List.of(), device.takeCalls());
    List<String> lines = Files.readAllLines(logFile);
    assertEquals(1, lines.size());
    assertTrue(lines.get(0).contains("fake") && lines.get(0).contains("a test said so"));
    device.breaks = false;
    startDriver();
  }

  @Test
  void othersMayBreakTheDeviceToo() {
    startDriver();
    device.host.broken("said a worker");
    FakeDriver.await(() -> (driver.read(Abi.Device.STATUS_RESULT) & FakeDriver.NEEDS_RESET) != 0);
    assertEquals(0, driver.status(0));
  }

  @Test
  void queuesThatMakeNoSenseAreRefused() {
    long[][] wrong = {
      {3, 0x1000, 0x2000, 0x3000},
      {32, 0x1000, 0x2000, 0x3000},
      {-16, 0x1000, 0x2000, 0x3000},
      {0, 0x1000, 0x2000, 0x3000},
      {8, 0x1001, 0x2000, 0x3000},
      {8, 0x1000, -2, 0x3000},
      {8, 0x1000, 0x2000, 1L << 62},
    };
    for (long[] queue : wrong) {
      driver.negotiate(FEATURES);
      driver.queue(0, (int) queue[0], queue[1], queue[2], queue[3]);
      assertTrue((driver.start() & FakeDriver.NEEDS_RESET) != 0);
      assertEquals(List.of(), device.takeCalls());
    }
  }

  @Test
  void aNewGuestFindsEverythingFresh() throws InterruptedException {
    startDriver();
    device.takeCalls();
    control.clear();
    page.restart();
    assertEquals(List.of("reset"), device.takeCalls());
    describesTheDevice();
    assertEquals(0, driver.read(Abi.Device.STATUS_RESULT));
    startDriver();
  }

  @Test
  void hasALimit() {
    for (int i = 1; i < Abi.MAX_DEVICES; i++) {
      page.add(new FakeDevice());
    }
    assertThrows(UsageException.class, () -> page.add(new FakeDevice()));
  }
}
