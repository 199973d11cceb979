// SPDX-License-Identifier: Apache-2.0
package org.lodger.test.jit;

import java.util.HashMap;
import java.util.Map;

/**
 * Work for a compiler: recursion, loops over arrays, a table with many keys. count.js and count.lua
 * do the same, so that this says what they must print.
 */
public final class Count {
  private Count() {}

  public static void main(String[] args) {
    System.out.println("java " + result(Integer.parseInt(args[0])));
  }

  public static String result(int rounds) {
    int queens = 0;
    int primes = 0;
    int sum = 0;
    for (int round = 0; round < rounds; round++) {
      queens += queens(9, 0, 0, 0);
      primes += primes(1_000_000);
      sum = (sum + table(200_000 + round)) % 1_000_003;
    }
    return queens + " " + primes + " " + sum;
  }

  /** How many ways there are to place queens that do not attack each other. */
  private static int queens(int size, int columns, int left, int right) {
    if (columns == (1 << size) - 1) {
      return 1;
    }
    int ways = 0;
    int free = ~(columns | left | right) & ((1 << size) - 1);
    while (free != 0) {
      int place = free & -free;
      free -= place;
      ways += queens(size, columns | place, (left | place) << 1, (right | place) >> 1);
    }
    return ways;
  }

  private static int primes(int limit) {
    boolean[] composite = new boolean[limit];
    int primes = 0;
    for (int i = 2; i < limit; i++) {
      if (!composite[i]) {
        primes++;
        for (int j = 2 * i; j < limit; j += i) {
          composite[j] = true;
        }
      }
    }
    return primes;
  }

  /** The products stay below 2^53: Lua and JavaScript count in floating point. */
  private static int table(int entries) {
    Map<Integer, Integer> table = new HashMap<>();
    long x = entries;
    for (int i = 0; i < entries; i++) {
      x = x * 16807 % 2147483647;
      table.merge((int) (x % 5003), (int) (x % 7), Integer::sum);
    }
    long sum = 0;
    for (Map.Entry<Integer, Integer> entry : table.entrySet()) {
      sum = (sum + (long) entry.getKey() * entry.getValue()) % 1_000_003;
    }
    return (int) sum;
  }
}
