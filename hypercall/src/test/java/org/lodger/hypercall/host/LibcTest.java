// SPDX-License-Identifier: Apache-2.0
package org.lodger.hypercall.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Method;
import java.util.Arrays;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import org.junit.jupiter.api.Test;

class LibcTest {
  /** JNR-FFI passes a wrong sixth integer argument when there are exactly six. */
  @Test
  void noFunctionHasSixArguments() {
    for (Method method : Libc.class.getDeclaredMethods()) {
      assertNotEquals(6, method.getParameterCount(), method.getName());
    }
  }

  @Test
  void theSixthArgumentOfMmapArrives() {
    int fd = Host.memfdCreate("test", Host.MFD_CLOEXEC);
    Host.ftruncate(fd, 3 * 4096);
    long all = Host.mmap(0, 3 * 4096, Host.PROT_READ | Host.PROT_WRITE, Host.MAP_SHARED, fd, 0);
    long last = Host.mmap(0, 4096, Host.PROT_READ, Host.MAP_SHARED, fd, 2 * 4096);
    at(all, 3 * 4096).putLong(2 * 4096, 0x1234567890abcdefL);
    assertEquals(0x1234567890abcdefL, at(last, 4096).getLong(0));
    Host.munmap(all, 3 * 4096);
    Host.munmap(last, 4096);
    Host.close(fd);
  }

  @Test
  void failuresNameTheCallAndTheReason() {
    HostException e = assertThrows(HostException.class, () -> Host.fdatasync(-1));
    assertEquals(9, e.errno());
    assertEquals("fdatasync", e.call());
    assertTrue(e.getMessage().startsWith("fdatasync: "), e.getMessage());
    assertThrows(HostException.class, () -> Host.open("/no/such/file", Host.O_RDONLY, 0));
  }

  @Test
  void eventfdsCount() {
    int fd = Host.eventfd();
    Host.signal(fd);
    Host.signal(fd);
    byte[] count = new byte[8];
    Host.read(fd, count);
    assertArrayEquals(new byte[] {2, 0, 0, 0, 0, 0, 0, 0}, count);
    Host.signal(fd);
    Host.await(fd);
    Host.close(fd);
  }

  @Test
  void locksExcludeEachOther() {
    String path = "/proc/self/fd/" + Host.memfdCreate("test", Host.MFD_CLOEXEC);
    int a = Host.open(path, Host.O_RDWR, 0);
    int b = Host.open(path, Host.O_RDWR, 0);
    assertTrue(Host.tryLock(a, false));
    assertTrue(Host.tryLock(b, false));
    assertEquals(false, Host.tryLock(b, true));
    Host.close(a);
    assertTrue(Host.tryLock(b, true));
    Host.close(b);
  }

  @Test
  void vectorsAreFlatPairs() {
    int fd = Host.memfdCreate("test", Host.MFD_CLOEXEC);
    Host.ftruncate(fd, 4096);
    long map = Host.mmap(0, 4096, Host.PROT_READ | Host.PROT_WRITE, Host.MAP_SHARED, fd, 0);
    Pointer memory = at(map, 4096);
    memory.putLong(0, 1);
    memory.putLong(64, 2);
    assertEquals(16, Host.pwritev(fd, new long[] {map, 8, map + 64, 8}, 2, 128));
    assertEquals(1, memory.getLong(128));
    assertEquals(2, memory.getLong(136));
    assertEquals(16, Host.preadv(fd, new long[] {map + 256, 8, map + 512, 8}, 2, 128));
    assertEquals(2, memory.getLong(512));
    Host.munmap(map, 4096);
    Host.close(fd);
  }

  @Test
  void spawnPassesDescriptorsAndArguments() {
    int report = Host.memfdCreate("test", Host.MFD_CLOEXEC);
    // Low numbers that cross: each target is the other's source unless sources are moved away.
    int a = Host.eventfd();
    int b = Host.duplicate(report, 3);
    int pid =
        new Spawn()
            .fd(b, a)
            .fd(a, b)
            .fd(report, 1)
            .start("/bin/sh", "lodger:test", "-c", "readlink /proc/$$/fd/" + a + "; exit 7");
    assertEquals(7 << 8, Host.waitpid(pid));
    assertEquals("/memfd:test (deleted)\n", content(report));
    for (int fd : new int[] {report, a, b}) {
      Host.close(fd);
    }
  }

  @Test
  void spawnClosesWhatWasNotGiven() {
    int report = Host.memfdCreate("test", 0);
    int pid =
        new Spawn()
            .fd(report, 0)
            .fd(report, 1)
            .fd(report, 9)
            .noOthersBelow(200)
            .start(
                "/bin/sh", "sh", "-c", "cd /proc/self/fd; echo [0-9] [0-9][0-9] [0-9][0-9][0-9]");
    assertEquals(0, Host.waitpid(pid));
    // 2 is the folder that the shell has open while it looks.
    assertEquals("0 1 2 9 [0-9][0-9] [0-9][0-9][0-9]\n", content(report));
    Host.close(report);
  }

  @Test
  void anEndedChildKeepsItsNumberUntilItIsReaped() {
    int pid = new Spawn().start("/bin/true", "true");
    Host.awaitEnd(pid);
    Host.kill(pid, 0);
    assertEquals(0, Host.waitpid(pid));
    assertThrows(HostException.class, () -> Host.kill(pid, 0));
  }

  @Test
  void spawnResetsSignals() {
    int report = Host.memfdCreate("test", Host.MFD_CLOEXEC);
    int pid =
        new Spawn()
            .fd(report, 1)
            .start("/bin/sh", "sh", "-c", "grep -E 'Sig(Blk|Ign)' /proc/self/status");
    assertEquals(0, Host.waitpid(pid));
    assertEquals("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n", content(report));
    Host.close(report);
  }

  private static String content(int fd) {
    byte[] text = new byte[4096];
    int copy = Host.open("/proc/self/fd/" + fd, Host.O_RDONLY, 0);
    int n = Host.read(copy, text);
    Host.close(copy);
    return new String(Arrays.copyOf(text, n));
  }

  private static Pointer at(long address, long size) {
    return Runtime.getSystemRuntime().getMemoryManager().newPointer(address, size);
  }
}
