/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 100,000 discontiguous pages in one process: more than a host process may have mappings, so
 * translations must be dropped and refaulted without anyone noticing.
 */
#include "check.h"
#include <sys/resource.h>

#define PAGES 100000UL
#define STRIDE (2 * PAGE)

static uint64_t *word(char *base, uint64_t i)
{
	return (uint64_t *)(base + i * STRIDE + i % 500 * 8);
}

/* i * STEP mod PAGES visits every page once, far from the last one. */
#define STEP 38197UL

int main(void)
{
	char *base = mmap(NULL, PAGES * STRIDE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(base != MAP_FAILED, "mmap");
	madvise(base, PAGES * STRIDE, MADV_NOHUGEPAGE);
	for (uint64_t i = 0; i < PAGES; i++)
		*word(base, i * STEP % PAGES) = i * STEP % PAGES ^ 0xfeedface;
	for (int round = 0; round < 2; round++)
		for (uint64_t i = 0; i < PAGES; i++)
			CHECK(*word(base, i) == (i ^ 0xfeedface), "page %lu holds %#lx", i, *word(base, i));

	/* A child inherits all of them, changes some, and neither side notices the other. */
	pid_t pid = fork();
	CHECK(pid >= 0, "fork");
	if (!pid) {
		for (uint64_t i = 0; i < PAGES; i += 50)
			*word(base, i) = 1;
		for (uint64_t i = 0; i < PAGES; i++)
			CHECK(*word(base, i) == (i % 50 ? i ^ 0xfeedface : 1), "child: page %lu", i);
		_exit(0);
	}
	reap_good(pid);
	for (uint64_t i = 0; i < PAGES; i++)
		CHECK(*word(base, i) == (i ^ 0xfeedface), "parent: page %lu", i);

	/* Alternating protections: 20,000 mappings in the guest's own sense. */
	for (uint64_t i = 0; i < 20000; i += 2)
		CHECK(!mprotect(base + i * PAGE, PAGE, PROT_READ), "mprotect %lu", i);
	for (uint64_t i = 0; i < 10000; i++)
		CHECK(*word(base, i) == (i ^ 0xfeedface), "after mprotect: page %lu", i);
	CHECK(!munmap(base, PAGES * STRIDE), "munmap");
	return 0;
}
