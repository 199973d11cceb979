/* SPDX-License-Identifier: Apache-2.0 */
/* mprotect as a write barrier, as collectors use it: every first store is caught, none is lost. */
#include "check.h"
#include <sys/ucontext.h>

#define PAGES 256

static char *base;
static volatile unsigned char dirty[PAGES];
static volatile int faults;

static void barrier(int signo, siginfo_t *info, void *context)
{
	unsigned long page = ((char *)info->si_addr - base) / PAGE;

	CHECK(page < PAGES, "fault outside at %p", info->si_addr);
	CHECK(!dirty[page], "page %lu faulted twice", page);
	CHECK(((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR] & 2, "not a write fault");
	dirty[page] = 1;
	faults++;
	mprotect(base + page * PAGE, PAGE, PROT_READ | PROT_WRITE);
}

int main(void)
{
	unsigned char mirror[PAGES] = { 0 };
	uint64_t random = 1;

	base = map_anonymous(PAGES * PAGE, PROT_READ | PROT_WRITE);
	on_signal(SIGSEGV, barrier, 0);
	for (int cycle = 0; cycle < 30; cycle++) {
		int distinct = 0;
		unsigned char hit[PAGES] = { 0 };

		memset((void *)dirty, 0, sizeof(dirty));
		faults = 0;
		CHECK(!mprotect(base, PAGES * PAGE, PROT_READ), "mprotect");
		for (int i = 0; i < 200; i++) {
			int page = next_random(&random) % PAGES;
			distinct += !hit[page];
			hit[page] = 1;
			mirror[page]++;
			((volatile unsigned char *)base)[page * PAGE + 17]++;
		}
		CHECK(faults == distinct, "cycle %d: %d faults for %d pages", cycle, faults, distinct);
		for (int i = 0; i < PAGES; i++)
			CHECK((unsigned char)base[i * PAGE + 17] == mirror[i], "page %d lost a store", i);
	}

	/* The kernel itself must respect the protection: read() into a read-only page is EFAULT. */
	int p[2];
	CHECK(!pipe(p) && write(p[1], "x", 1) == 1, "pipe");
	CHECK(!mprotect(base, PAGE, PROT_READ), "mprotect");
	CHECK(read(p[0], base, 1) == -1 && errno == EFAULT, "read into a read-only page");
	CHECK(!mprotect(base, PAGE, PROT_NONE), "mprotect");
	CHECK(write(p[1], base, 1) == -1 && errno == EFAULT, "write from an inaccessible page");
	return 0;
}
