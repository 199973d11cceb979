/* SPDX-License-Identifier: Apache-2.0 */
/* mremap, MADV_DONTNEED, MAP_FIXED over something, brk, holes: old translations must not linger. */
#include "check.h"
#include <fcntl.h>
#include <setjmp.h>

#define PAGES 64

static sigjmp_buf back;

static void catch(int signo, siginfo_t *info, void *context)
{
	siglongjmp(back, 1);
}

static int readable(volatile char *p)
{
	if (sigsetjmp(back, 1))
		return 0;
	(void)*p;
	return 1;
}

static char *filled(int tag)
{
	char *p = map_anonymous(PAGES * PAGE, PROT_READ | PROT_WRITE);

	for (unsigned long i = 0; i < PAGES; i++)
		p[i * PAGE] = tag + i;
	return p;
}

static void verify(char *p, int pages, int tag, const char *what)
{
	for (int i = 0; i < pages; i++)
		CHECK(p[i * PAGE] == (char)(tag + i), "%s: page %d", what, i);
}

static void moved(void)
{
	char *p = filled(1);
	char *to = map_anonymous(2 * PAGES * PAGE, PROT_READ | PROT_WRITE);

	to[0] = 99;
	char *q = mremap(p, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	CHECK(q == to, "mremap");
	verify(q, PAGES, 1, "moved");
	CHECK(q[PAGES * PAGE] == 0, "grown part is not zero");
	CHECK(!readable(p), "the old place is still readable");
	q = mremap(q, 2 * PAGES * PAGE, PAGE, 0);
	CHECK(q == to && readable(q) && !readable(q + PAGE), "shrunk");
}

static void dropped(void)
{
	char *p = filled(2);

	for (int i = 1; i < PAGES; i += 2)
		CHECK(!madvise(p + i * PAGE, PAGE, MADV_DONTNEED), "madvise");
	for (int i = 0; i < PAGES; i++)
		CHECK(p[i * PAGE] == (char)(i & 1 ? 0 : 2 + i), "after MADV_DONTNEED: page %d", i);
}

static void replaced(void)
{
	char *p = filled(3);

	for (int i = 0; i < PAGES; i += 3) {
		char *q = mmap(p + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		CHECK(q == p + i * PAGE, "mmap over");
	}
	for (int i = 0; i < PAGES; i++)
		CHECK(p[i * PAGE] == (char)(i % 3 ? 3 + i : 0), "after MAP_FIXED: page %d", i);
	CHECK(mmap(p, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
	      MAP_FAILED && errno == EEXIST, "MAP_FIXED_NOREPLACE");
}

static void punched(void)
{
	char *p = filled(4);

	for (int i = 0; i < PAGES; i += 2)
		CHECK(!munmap(p + i * PAGE, PAGE), "munmap");
	for (int i = 0; i < PAGES; i++)
		CHECK(readable(p + i * PAGE) == (i & 1), "hole %d", i);
	for (int i = 1; i < PAGES; i += 2)
		CHECK(p[i * PAGE] == (char)(4 + i), "page %d between holes", i);
}

/* A freed page comes back zeroed, at whatever address. */
static void recycled(void)
{
	for (int round = 0; round < 200; round++) {
		char *p = map_anonymous(PAGES * PAGE, PROT_READ | PROT_WRITE);
		for (int i = 0; i < PAGES; i++) {
			CHECK(p[i * PAGE + 8] == 0, "round %d: page %d is not fresh", round, i);
			p[i * PAGE + 8] = 1;
		}
		CHECK(!munmap(p, PAGES * PAGE), "munmap");
	}
}

static void broken_heap(void)
{
	char *start = sbrk(0);

	CHECK(sbrk(PAGES * PAGE) == start, "sbrk");
	memset(start, 1, PAGES * PAGE);
	CHECK(sbrk(-PAGES * (long)PAGE) == start + PAGES * PAGE, "sbrk back");
	CHECK(sbrk(PAGES * PAGE) == start, "sbrk again");
	CHECK(start[PAGES * PAGE - 1] == 0, "the heap came back dirty");
}

/* Sparse pages of a huge mapping, which spans many page-table pages. */
static void huge_range(void)
{
	size_t len = 1UL << 40;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED, "a tebibyte without reserve");
	for (size_t at = 0; at < len; at += len / 64)
		p[at] = 5;
	CHECK(!munmap(p + len / 64, len - len / 64), "munmap");
	CHECK(p[0] == 5 && !readable(p + len / 64) && !readable(p + len / 64 * 63), "after munmap");
	munmap(p, len / 64);
}

int main(void)
{
	on_signal(SIGSEGV, catch, SA_NODEFER);
	moved();
	dropped();
	replaced();
	punched();
	recycled();
	broken_heap();
	huge_range();
	return 0;
}
