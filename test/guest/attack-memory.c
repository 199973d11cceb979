/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for memory above the guest's own part of the address space: guest RAM, the kernel's
 * window, the switcher, the host's mappings. Only the stub's page and its slot may be there.
 */
#include "attack.h"

#define GIB (1UL << 30)
#define NEAR_PAGES 1024		/* on either side of each place worth a closer look */

static const uintptr_t places[] = {
	0x700000000000,		/* modules */
	0x700040000000,		/* guest RAM */
	0x720000000000,		/* vmalloc */
	0x730000000000,		/* control region */
	0x750000000000,		/* stub and slot */
	0x750000100000,		/* the switcher */
	0x760000000000,		/* the kernel process's view of all slots */
	0x7ffff7000000,		/* where a host process has its vDSO and libraries */
};
#define PLACES (sizeof(places) / sizeof(*places))
#define COARSE ((WINDOW_END - WINDOW) / GIB)

static volatile unsigned char *found;	/* 1 = readable, 2 = writable, per page from STUB on */

static void touch(uintptr_t at)
{
	if (given(at))		/* the guest kernel's own business, as its vDSO */
		return;
	int r = readable(at), w = readable(at) && writable(at);
	if (!r)
		return;
	if (at < STUB || at >= STUB_END)
		BREACH("memory at %#lx can be read", at);
	found[(at - STUB) / PAGE] = 1 + w;
}

static void probe(long i)
{
	if (i < (long)COARSE) {
		touch(WINDOW + i * GIB);
		return;
	}
	i -= COARSE;
	long page = i % (2 * NEAR_PAGES) - NEAR_PAGES;
	uintptr_t at = places[i / (2 * NEAR_PAGES)] + page * PAGE;
	if (at >= WINDOW && at < WINDOW_END - PAGE)
		touch(at);
}

/* Writes through the slot's pages: what is read-only there must stay so. */
static void read_only_pages(void)
{
	int writable_pages = 0, readable_pages = 0;

	for (unsigned int i = 0; i < (STUB_END - STUB) / PAGE; i++) {
		readable_pages += found[i] == 1;
		writable_pages += found[i] == 2;
	}
	printf("stub and slot: %d read-only pages, %d writable ones\n", readable_pages, writable_pages);
	CHECK(found[0] == 1, "the stub can be written");
	CHECK(found[0x10] == 1, "the mapper's orders can be written");
}

/* System calls that take an address must refuse the stub's: it is not the program's memory. */
static void by_the_kernel(void)
{
	int p[2];
	uintptr_t at[] = { STUB, STUB + 0x10000, STUB + 0x12000, 0x700040000000 };

	CHECK(!pipe(p), "pipe");
	for (int i = 0; i < 4; i++) {
		CHECK(write(p[1], (void *)at[i], 8) == -1 && errno == EFAULT, "write from %#lx", at[i]);
		CHECK(write(p[1], "x", 1) == 1, "write");
		CHECK(read(p[0], (void *)at[i], 1) == -1 && errno == EFAULT, "read to %#lx", at[i]);
		CHECK(mprotect((void *)at[i], PAGE, PROT_READ | PROT_WRITE) == -1, "mprotect %#lx", at[i]);
		CHECK(mmap((void *)at[i], PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		      MAP_FAILED, "mmap at %#lx", at[i]);
		munmap((void *)at[i], PAGE);
	}
	CHECK(munmap((void *)(STUB - GIB), 2 * GIB) == -1, "munmap across the stub");
}

int main(void)
{
	found = map_shared(PAGE);
	campaign = map_shared(PAGE);
	on_signal(SIGSEGV, to_rescue, SA_NODEFER);
	if (!readable(STUB))
		SKIP("no stub at %#lx: this is not a guest", STUB);
	run_campaign("memory above the program's", COARSE + PLACES * 2 * NEAR_PAGES, probe);
	read_only_pages();
	by_the_kernel();
	return 0;
}
