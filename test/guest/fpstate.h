/* SPDX-License-Identifier: Apache-2.0 */
/* The vector and x87 registers as a struct that can be loaded, held and stored again. */
#ifndef FPSTATE_H
#define FPSTATE_H
#include "check.h"
#include <cpuid.h>

struct fp_state {
	uint8_t vector[32][64];	/* zmm0-31; narrower CPUs use the low part of the first 16 */
	uint64_t mask[8];	/* k0-7 */
	uint32_t mxcsr;
	uint16_t fcw;
	uint16_t pad;
	uint64_t x87[8];	/* pushed as integers */
} __attribute__((aligned(64)));

enum fp_level { FP_SSE, FP_AVX, FP_AVX512 };

static inline enum fp_level fp_level(void)
{
	unsigned int a, b, c, d, xcr0, high;

	__cpuid(1, a, b, c, d);
	if (!(c & bit_OSXSAVE))
		return FP_SSE;
	asm volatile("xgetbv" : "=a"(xcr0), "=d"(high) : "c"(0));
	if (!(c & bit_AVX) || (xcr0 & 6) != 6)
		return FP_SSE;
	__cpuid_count(7, 0, a, b, c, d);
	if ((b & bit_AVX512F) && (b & bit_AVX512BW) && (xcr0 & 0xe6) == 0xe6)
		return FP_AVX512;
	return FP_AVX;
}

static inline void fp_fill(struct fp_state *s, uint64_t seed)
{
	uint64_t r = seed * 0x9e3779b97f4a7c15ULL + 1;

	memset(s, 0, sizeof(*s));
	for (int i = 0; i < 32; i++)
		for (int j = 0; j < 8; j++) {
			uint64_t word = next_random(&r);
			memcpy(&s->vector[i][j * 8], &word, 8);
		}
	for (int i = 0; i < 8; i++) {
		s->mask[i] = next_random(&r);
		s->x87[i] = next_random(&r) >> 2;
	}
	s->mxcsr = 0x1f80 | (seed & 3) << 13;	/* a rounding mode */
	s->fcw = 0x37f | (seed & 3) << 10;
}

/* Bytes of one vector register, and how many registers, at a level. */
static inline int fp_width(enum fp_level l) { return l == FP_AVX512 ? 64 : l == FP_AVX ? 32 : 16; }
static inline int fp_count(enum fp_level l) { return l == FP_AVX512 ? 32 : 16; }

/*
 * Loads in, makes `rounds` rounds of either syscall nr (with arguments a and b) or, when nr is
 * negative, of plain spinning, then stores to out. No compiler-made code runs in between.
 */
void fp_hold(enum fp_level level, const struct fp_state *in, struct fp_state *out, long rounds,
	     long nr, long a, long b);

static inline void fp_compare(enum fp_level level, const struct fp_state *want,
			      const struct fp_state *got, const char *what)
{
	for (int i = 0; i < fp_count(level); i++)
		CHECK(!memcmp(want->vector[i], got->vector[i], fp_width(level)),
		      "%s: vector register %d changed", what, i);
	for (int i = 0; level == FP_AVX512 && i < 8; i++)
		CHECK(want->mask[i] == got->mask[i], "%s: k%d changed", what, i);
	CHECK((want->mxcsr & ~0x3f) == (got->mxcsr & ~0x3f), "%s: mxcsr %#x is %#x", what,
	      want->mxcsr, got->mxcsr);
	CHECK(want->fcw == got->fcw, "%s: x87 control word %#x is %#x", what, want->fcw, got->fcw);
	for (int i = 0; i < 8; i++)
		CHECK(want->x87[i] == got->x87[i], "%s: x87 register %d changed", what, i);
}
#endif
