// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.lodger.hypercall.host.Host;
import org.lodger.hypercall.host.HostException;

class GuestMemoryTest {
  private static final long GIB = 1L << 30;

  @Test
  void cannotBeResized() {
    try (GuestMemory memory = GuestMemory.create("test", 8192)) {
      assertThrows(HostException.class, () -> Host.ftruncate(memory.fd(), 4096));
      assertThrows(HostException.class, () -> Host.ftruncate(memory.fd(), 16384));
      assertThrows(HostException.class, () -> Host.seal(memory.fd(), Host.F_SEAL_WRITE));
      int expected = Host.F_SEAL_SHRINK | Host.F_SEAL_GROW | Host.F_SEAL_SEAL;
      assertEquals(expected, Host.seals(memory.fd()));
    }
  }

  @Test
  void isLittleEndian() {
    try (GuestMemory memory = GuestMemory.create("test", 4096)) {
      memory.putLong(8, 0x0102030405060708L);
      assertEquals(8, memory.getByte(8));
      assertEquals(0x0708, memory.getShort(8));
      assertEquals(0x05060708, memory.getIntVolatile(8));
      assertEquals(0x0102030405060708L, memory.slice(8, 8).getLong(0));
    }
  }

  @Test
  void accessesMayCrossGibibytes() {
    try (GuestMemory memory = GuestMemory.create("test", 3 * GIB)) {
      for (long border : new long[] {GIB, 2 * GIB}) {
        memory.putLong(border - 4, 0x1122334455667788L);
        assertEquals(0x1122334455667788L, memory.getLong(border - 4));
        assertEquals(0x11223344, memory.getInt(border));
        byte[] bytes = {1, 2, 3, 4, 5, 6};
        memory.write(border - 3, bytes, 0, 6);
        byte[] back = new byte[6];
        memory.read(border - 3, back, 0, 6);
        assertArrayEquals(bytes, back);
        ByteBuffer slice = memory.slice(border - GIB / 2, (int) GIB);
        assertEquals(4, slice.get((int) (GIB / 2)));
      }
      memory.putInt(3 * GIB - 4, 42);
      assertEquals(42, memory.getInt(3 * GIB - 4));
    }
  }

  @Test
  void refusesWhatLiesOutside() {
    try (GuestMemory memory = GuestMemory.create("test", 8192)) {
      long[] wild = {8192, 8185, -1, -8, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 40, GIB, 4 * GIB};
      for (long gpa : wild) {
        assertThrows(GuestMemoryException.class, () -> memory.getLong(gpa));
        assertThrows(GuestMemoryException.class, () -> memory.putLong(gpa, 1));
        assertThrows(GuestMemoryException.class, () -> memory.getAndBitwiseOrLong(gpa, 1));
        assertThrows(GuestMemoryException.class, () -> memory.address(gpa, 8));
        assertThrows(GuestMemoryException.class, () -> memory.slice(gpa, 8));
        assertThrows(GuestMemoryException.class, () -> memory.read(gpa, new byte[8], 0, 8));
      }
      assertThrows(GuestMemoryException.class, () -> memory.address(4096, Long.MAX_VALUE));
      assertThrows(GuestMemoryException.class, () -> memory.address(4096, -1));
      assertThrows(GuestMemoryException.class, () -> memory.slice(0, -1));
      assertThrows(GuestMemoryException.class, () -> memory.slice(0, Integer.MAX_VALUE));
      assertTrue(memory.contains(0, 8192));
      assertFalse(memory.contains(1, 8192));
    }
  }

  @Test
  void refusesMisalignedAtomics() {
    try (GuestMemory memory = GuestMemory.create("test", 4096)) {
      assertThrows(GuestMemoryException.class, () -> memory.getShortAcquire(1));
      assertThrows(GuestMemoryException.class, () -> memory.getIntVolatile(2));
      assertThrows(GuestMemoryException.class, () -> memory.getAndBitwiseOrLong(4, 0));
    }
  }

  @Test
  void clearsToZero() {
    try (GuestMemory memory = GuestMemory.create("test", 1 << 20)) {
      memory.putLong(4096, -1);
      memory.clear();
      assertEquals(0, memory.getLong(4096));
    }
  }

  @Test
  void hostCallsReachIt() {
    try (GuestMemory memory = GuestMemory.create("test", 8192)) {
      Host.getrandom(memory.address(0, 4096), 4096);
      Host.pwrite(memory.fd(), memory.address(0, 4096), 4096, 4096);
      assertEquals(memory.slice(0, 4096), memory.slice(4096, 4096));
    }
  }

  @Test
  void lookingAwayLosesNothing() {
    try (GuestMemory memory = GuestMemory.create("test", 8192)) {
      memory.putLong(4096, 7);
      memory.lookAway();
      assertEquals(7, memory.getLong(4096));
    }
  }
}
