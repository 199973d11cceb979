// SPDX-License-Identifier: Apache-2.0
package org.lodger.launcher.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodger.launcher.console.ConsoleLog;

@Timeout(30)
class LogFollowerTest {
  @TempDir private Path folder;

  private CompletableFuture<Boolean> follow(GuestFiles files, ByteArrayOutputStream seen) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return new LogFollower(files, seen).follow();
          } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
          }
        });
  }

  private static byte[] words(int seed, int length) {
    byte[] words = new byte[length];
    new Random(seed).nextBytes(words);
    return words;
  }

  private static void awaitSize(ByteArrayOutputStream seen, int size) throws InterruptedException {
    while (seen.size() < size) {
      Thread.sleep(5);
    }
  }

  /** What was said before, and then so much that the log changes its files four times. */
  private void everythingArrives(boolean keepLog) throws Exception {
    NameClaim claim = NameClaim.take(folder, "talker");
    ConsoleLog log = new ConsoleLog(claim.files().log(), claim.files().olderLog());
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    byte[] before = words(1, ConsoleLog.FILE_BYTES + 1000);
    log.write(before, 0, before.length);
    said.write(before);
    CompletableFuture<Boolean> follower = follow(claim.files(), seen);
    for (int i = 2; i < 8; i++) {
      awaitSize(seen, said.size());
      byte[] more = words(i, ConsoleLog.FILE_BYTES * 2 / 3);
      log.write(more, 0, more.length);
      said.write(more);
    }
    awaitSize(seen, said.size());
    byte[] last = words(9, 77);
    log.write(last, 0, last.length);
    said.write(last);
    if (keepLog) {
      claim.keepLog();
    }
    claim.close();
    assertTrue(follower.get());
    assertArrayEquals(said.toByteArray(), seen.toByteArray());
  }

  @Test
  void ofAGuestWhoseLogGoesWithIt() throws Exception {
    everythingArrives(false);
  }

  @Test
  void ofADetachedGuest() throws Exception {
    everythingArrives(true);
  }

  @Test
  void aGuestThatSaysNothing() throws Exception {
    NameClaim claim = NameClaim.take(folder, "silent");
    ByteArrayOutputStream seen = new ByteArrayOutputStream();
    CompletableFuture<Boolean> follower = follow(claim.files(), seen);
    Thread.sleep(300);
    assertFalse(follower.isDone());
    claim.close();
    assertTrue(follower.get());
    assertTrue(seen.size() == 0);
  }

  @Test
  void nobodyOfThatName() throws Exception {
    GuestFiles files = new GuestFiles(folder, "nobody");
    assertFalse(new LogFollower(files, new ByteArrayOutputStream()).follow());
  }
}
