-- SPDX-License-Identifier: Apache-2.0
-- The same as Count.java.
local band, bor, bnot, lshift, rshift = bit.band, bit.bor, bit.bnot, bit.lshift, bit.rshift
assert(jit.status(), "the compiler is off")

local function queens(size, columns, left, right)
  local all = lshift(1, size) - 1
  if columns == all then return 1 end
  local ways = 0
  local free = band(bnot(bor(columns, left, right)), all)
  while free ~= 0 do
    local place = band(free, -free)
    free = free - place
    ways = ways + queens(size, bor(columns, place), lshift(bor(left, place), 1), rshift(bor(right, place), 1))
  end
  return ways
end

local function primes(limit)
  local composite, primes = {}, 0
  for i = 2, limit - 1 do
    if not composite[i] then
      primes = primes + 1
      for j = 2 * i, limit - 1, i do composite[j] = true end
    end
  end
  return primes
end

local function count(entries)
  local found, x = {}, entries
  for _ = 1, entries do
    x = x * 16807 % 2147483647
    found[x % 5003] = (found[x % 5003] or 0) + x % 7
  end
  local sum = 0
  for key, value in pairs(found) do sum = (sum + key * value) % 1000003 end
  return sum
end

local ways, found, sum = 0, 0, 0
for round = 0, tonumber(arg[1]) - 1 do
  ways = ways + queens(9, 0, 0, 0)
  found = found + primes(1000000)
  sum = (sum + count(200000 + round)) % 1000003
end
print(string.format("luajit %d %d %d", ways, found, sum))
