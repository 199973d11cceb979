/* SPDX-License-Identifier: Apache-2.0 */
/* Copy on write: after fork neither side sees the other's stores, whoever writes first. */
#include "check.h"

#define PAGES 512

static volatile uint64_t *word(char *base, int page)
{
	return (uint64_t *)(base + page * PAGE + page % 500 * 8);
}

static void fill(char *base, uint64_t tag)
{
	for (int i = 0; i < PAGES; i++)
		*word(base, i) = tag + i;
}

static void verify(char *base, uint64_t tag, const char *who)
{
	for (int i = 0; i < PAGES; i++)
		CHECK(*word(base, i) == tag + i, "%s: page %d holds %#lx, want %#lx", who, i,
		      (long)*word(base, i), (long)(tag + i));
}

static void generation(char *base, char *shared, int depth)
{
	uint64_t tag = depth * 0x100000ULL;
	int up[2], down[2];
	char c;

	CHECK(!pipe(up) && !pipe(down), "pipe");
	fill(base, tag);
	pid_t pid = fork();
	CHECK(pid >= 0, "fork");
	if (!pid) {
		verify(base, tag, "child at first");
		if (depth & 1)		/* the child writes first */
			fill(base, tag + 0x50000);
		shared[depth] = 1;
		CHECK(write(up[1], "x", 1) == 1, "write");
		CHECK(read(down[0], &c, 1) == 1, "read");
		verify(base, depth & 1 ? tag + 0x50000 : tag, "child after its parent's stores");
		if (depth < 6)
			generation(base, shared, depth + 1);
		_exit(0);
	}
	CHECK(read(up[0], &c, 1) == 1, "read");
	verify(base, tag, "parent after its child's stores");
	CHECK(shared[depth] == 1, "shared store of the child");
	fill(base, tag + 0x90000);
	CHECK(write(down[1], "x", 1) == 1, "write");
	reap_good(pid);
	verify(base, tag + 0x90000, "parent at the end");
}

/* The zero page: many read-only views, each private once written. */
static void zero_page(void)
{
	char *base = map_anonymous(PAGES * PAGE, PROT_READ | PROT_WRITE);
	uint64_t sum = 0;

	for (int i = 0; i < PAGES; i++)
		sum += *word(base, i);
	CHECK(sum == 0, "fresh pages are not zero");
	fill(base, 7);
	verify(base, 7, "after the zero page");
	char *other = map_anonymous(PAGES * PAGE, PROT_READ);
	for (int i = 0; i < PAGES; i++)
		CHECK(*word(other, i) == 0, "a store reached the zero page");
}

/* The kernel's own stores into user memory break sharing as well. */
static void kernel_writes(void)
{
	char *base = map_anonymous(PAGE, PROT_READ | PROT_WRITE);
	int p[2];

	CHECK(!pipe(p), "pipe");
	strcpy(base, "before");
	pid_t pid = fork();
	if (!pid) {
		CHECK(read(p[0], base, 6) == 6, "read");
		CHECK(!strcmp(base, "during"), "child sees %s", base);
		_exit(0);
	}
	CHECK(write(p[1], "during", 6) == 6, "write");
	reap_good(pid);
	CHECK(!strcmp(base, "before"), "parent sees %s", base);
}

int main(void)
{
	generation(map_anonymous(PAGES * PAGE, PROT_READ | PROT_WRITE), map_shared(PAGE), 0);
	zero_page();
	kernel_writes();
	return 0;
}
