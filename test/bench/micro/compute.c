/* SPDX-License-Identifier: Apache-2.0 */
/* Pure computing: no system call, little memory, or much. */
#include "micro.h"

#include <immintrin.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Registers only: wherever programs run natively this takes the same time. */
static void mix(long n)
{
	uint64_t x = 88172645463325252ULL;

	for (long i = 0; i < n * 1000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		x += x * 3;
	}
	asm volatile("" ::"r"(x));
}

#define LIMIT 2000000

static void sieve(long n)
{
	static unsigned char composite[LIMIT];
	static volatile long primes;

	while (n--) {
		memset(composite, 0, sizeof(composite));
		for (long i = 2; i < LIMIT; i++) {
			if (composite[i])
				continue;
			primes++;
			for (long j = i * i; j < LIMIT; j += i)
				composite[j] = 1;
		}
	}
}

static char *source, *target;
static size_t block;

static void open_blocks(long kib)
{
	block = kib * KIB;
	source = anonymous(block);
	target = anonymous(block);
	memset(source, 1, block);
	memset(target, 1, block);
}

static void close_blocks(void)
{
	munmap(source, block);
	munmap(target, block);
}

/* n MiB, in as many copies as that takes. */
static void copy(long n)
{
	for (size_t left = n * MIB; left >= block; left -= block) {
		memcpy(target, source, block);
		asm volatile("" ::: "memory");
	}
}

/* A MiB at a time, on through the block. */
static void copy_large(long n)
{
	static size_t place;

	while (n--) {
		place = (place + MIB) % block;
		memcpy(target + place, source + place, MIB);
		asm volatile("" ::: "memory");
	}
}

static int has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
	return __builtin_cpu_supports("avx512f");
}

#define CHAINS 10		/* enough to keep two multipliers busy */

/* A multiplication and an addition in each of 4 lanes: 8 operations an instruction. */
__attribute__((target("avx2,fma"))) static void avx2(long n)
{
	__m256d a[CHAINS], x = _mm256_set1_pd(0.999999), y = _mm256_set1_pd(1e-6);

	for (int i = 0; i < CHAINS; i++)
		a[i] = _mm256_set1_pd(i);
	for (long left = n * (1000000 / (8 * CHAINS)); left; left--)
#pragma GCC unroll 10
		for (int i = 0; i < CHAINS; i++)
			a[i] = _mm256_fmadd_pd(a[i], x, y);
	for (int i = 1; i < CHAINS; i++)
		a[0] = _mm256_add_pd(a[0], a[i]);
	asm volatile("" ::"x"(a[0]));
}

__attribute__((target("avx512f"))) static void avx512(long n)
{
	__m512d a[CHAINS], x = _mm512_set1_pd(0.999999), y = _mm512_set1_pd(1e-6);

	for (int i = 0; i < CHAINS; i++)
		a[i] = _mm512_set1_pd(i);
	for (long left = n * (1000000 / (16 * CHAINS)); left; left--)
#pragma GCC unroll 10
		for (int i = 0; i < CHAINS; i++)
			a[i] = _mm512_fmadd_pd(a[i], x, y);
	for (int i = 1; i < CHAINS; i++)
		a[0] = _mm512_add_pd(a[0], a[i]);
	asm volatile("" ::"v"(a[0]));
}

const struct row compute_rows[] = {
	{ "sieve", sieve, MS, -1 },
	{ "avx2-fma", avx2, GFLOPS, -1, .possible = has_avx2 },
	{ "avx512-fma", avx512, GFLOPS, -1, .possible = has_avx512 },
	{ "memcpy-in", copy, MB_PER_S, 16, open_blocks, close_blocks },
	{ "memcpy-in", copy, MB_PER_S, 256, open_blocks, close_blocks },
	{ "memcpy-in", copy_large, MB_PER_S, 4096, open_blocks, close_blocks },
	{ "memcpy-in", copy_large, MB_PER_S, 65536, open_blocks, close_blocks },
	{ NULL },
};

const struct row validator_rows[] = {
	{ "validator", mix, NS, -1 },
	{ NULL },
};
