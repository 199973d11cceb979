// SPDX-License-Identifier: Apache-2.0
// The same as Count.java.
"use strict";

function queens(size, columns, left, right) {
  if (columns === (1 << size) - 1) return 1;
  let ways = 0;
  let free = ~(columns | left | right) & ((1 << size) - 1);
  while (free !== 0) {
    const place = free & -free;
    free -= place;
    ways += queens(size, columns | place, (left | place) << 1, (right | place) >> 1);
  }
  return ways;
}

function primes(limit) {
  const composite = new Uint8Array(limit);
  let primes = 0;
  for (let i = 2; i < limit; i++) {
    if (composite[i]) continue;
    primes++;
    for (let j = 2 * i; j < limit; j += i) composite[j] = 1;
  }
  return primes;
}

function table(entries) {
  const table = new Map();
  let x = entries;
  for (let i = 0; i < entries; i++) {
    x = (x * 16807) % 2147483647;
    table.set(x % 5003, (table.get(x % 5003) || 0) + (x % 7));
  }
  let sum = 0;
  for (const [key, value] of table) sum = (sum + key * value) % 1000003;
  return sum;
}

let [ways, found, sum] = [0, 0, 0];
for (let round = 0; round < Number(process.argv[2]); round++) {
  ways += queens(9, 0, 0, 0);
  found += primes(1000000);
  sum = (sum + table(200000 + round)) % 1000003;
}
console.log(`node ${ways} ${found} ${sum}`);
