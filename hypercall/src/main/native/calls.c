/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"
#include "key.h"
#include "shadow.h"
#include "space.h"
#include "spawner.h"
#include "vcpu.h"

#define PAGE 4096UL
#define WORTH 4			/* a copied page costs as much as so many traps */
#define MOV_LEN 5
#define SITE_LEN 7
#define TRAMPOLINE 32		/* bytes */
#define LEFT_ALONE 1		/* in an entry of pages: the program reads it, or it is unfit */
#define JUMP 0xe9

/* Behind the key. */
struct calls {
	__u64 sites[MAX_CALLS];		/* for key.S: the address of what became a jump, by number */
	__u64 pages[MAX_CALL_PAGES];	/* of user code, by number of the copy */
	__u32 nr_sites;
	__u32 nr_pages;
	__u32 stopped;
	__u64 mapped[2];		/* where the trampolines are, of CALLS_LOW and the unused place */
	__u8 seen[256];			/* by hash of the site */
};

_Static_assert(sizeof(struct calls) <= CALLS_CODE, "struct calls is larger than its page");
_Static_assert(MAX_CALLS * TRAMPOLINE <= CALLS_CODE_SIZE, "more calls than trampolines");
_Static_assert(CALLS_COPIES + MAX_CALL_PAGES * PAGE <= CALLS_SIZE, "more copies than memory");

int calls_fd;
__u64 *own_sites;		/* for key.S: of this process */

static struct calls *calls_of(__u32 i)
{
	return (struct calls *)(CALLS_VIEW + (__u64)i * CALLS_SIZE);
}

void calls_init(void)
{
	const __u64 size = (__u64)MAX_SLOTS * CALLS_SIZE;

	calls_fd = make_memfd("lodger-calls", size);
	map_fixed(CALLS_VIEW, size, PROT_READ | PROT_WRITE, calls_fd, "cannot map call sites");
	seal_writes(calls_fd);
}

void calls_start(__u32 i)
{
	if (calls_fd)
		own_sites = calls_of(i)->sites;
	/* Also without rewriting: user code can jump to key_call. */
	if (sys_mmap(CALLS_SAVED, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != CALLS_SAVED)
		die(LODGER_EXIT_INTERNAL, "cannot map a page", 0);
}

/* User code gets that part of the slot's memory at addr, to execute but not to read. */
static int map_code(__u32 i, __u64 addr, __u64 len, __u64 offset)
{
	if (sys_mmap(addr, len, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, calls_fd,
		     (__u64)i * CALLS_SIZE + offset) == (long)addr &&
	    !sys4(__NR_pkey_mprotect, addr, len, PROT_READ | PROT_EXEC, guest_key))
		return 1;
	sys2(__NR_munmap, addr, len);
	return 0;
}

void calls_reset(__u32 i)
{
	/* The next program there shall not see what this one called, or left. */
	memset((void *)CALLS_SAVED, 0, PAGE);
	if (calls_fd)
		memset(calls_of(i), 0, CALLS_CODE + calls_of(i)->nr_sites * TRAMPOLINE);
}

/* Does the program's next instruction but one make a system call, by an instruction known here? */
static int rewritable(const __u8 *code, __u64 rax)
{
	static const __u8 mov_r9[] = { 0x4c, 0x8b, 0x4c, 0x24, 0x08 };
	int known = code[0] == 0xb8 && *(const __u32 *)(code + 1) == rax;

	for (unsigned n = 0; !known && code[n] == mov_r9[n]; n++)
		known = n == sizeof(mov_r9) - 1;
	return known && code[5] == 0x0f && code[6] == 0x05;
}

static __u64 base_of(__u32 i, __u64 site)
{
	return site < 1UL << 31 ? CALLS_LOW : slots[i].unused;
}

/* The page is the program's own again, for good. */
static void leave_alone(__u32 i, struct calls *c, __u32 n, __u64 page)
{
	c->pages[n] = page | LEFT_ALONE;
	c->nr_pages = max(c->nr_pages, n + 1);
	key_unmap_user(i, page, PAGE);
}

/* The trampoline of that number for a site, as the program sees it; 0: too far away. */
static __u64 trampoline(__u32 i, __u64 site, __u32 nr)
{
	__u64 base = base_of(i, site);
	__u64 at = base + nr * TRAMPOLINE;
	__s64 distance = at - (site + MOV_LEN);

	return base && distance == (__s32)distance ? at : 0;
}

/* Some hosts let nobody map so low an address as CALLS_LOW. */
static int map_trampolines(__u32 i, __u64 base)
{
	__u64 *mapped = &calls_of(i)->mapped[base != CALLS_LOW];

	if (!*mapped && map_code(i, base, CALLS_CODE_SIZE, CALLS_CODE))
		*mapped = base;
	return *mapped == base;
}

static void write_trampoline(__u32 i, __u32 nr, const __u8 *mov)
{
	__u8 *p = (__u8 *)calls_of(i) + CALLS_CODE + nr * TRAMPOLINE;

	memcpy(p, mov, MOV_LEN);
	p[5] = 0x41;			/* mov $nr, %r11d */
	p[6] = 0xbb;
	*(__u32 *)(p + 7) = nr;
	p[11] = 0x48;			/* movabs $key_call, %rcx */
	p[12] = 0xb9;
	*(__u64 *)(p + 13) = U(key_call);
	p[21] = 0xff;			/* jmp *%rcx */
	p[22] = 0xe1;
}

static long number_of_site(struct calls *c, __u64 site)
{
	__u32 nr = 0;

	while (nr < c->nr_sites && c->sites[nr] != site)
		nr++;
	return nr < MAX_CALLS ? (long)nr : -1;
}

static long number_of_page(struct calls *c, __u64 page)
{
	__u32 n = 0;

	while (n < c->nr_pages && (c->pages[n] & -PAGE) != page)
		n++;
	return n < MAX_CALL_PAGES ? (long)n : -1;
}

static void rewrite(__u32 i, struct calls *c, __u64 site)
{
	__u64 page = site & -PAGE;
	__u8 *copy = (__u8 *)c + CALLS_COPIES, *at;
	long nr = number_of_site(c, site), n = number_of_page(c, page);
	__u64 to;

	if (nr < 0 || n < 0 || (c->pages[n] & LEFT_ALONE))
		return;
	to = trampoline(i, site, nr);
	if (!to || !map_trampolines(i, base_of(i, site)))
		return;
	write_trampoline(i, nr, (const __u8 *)site);
	copy += n * PAGE;
	/* It may be that very copy, if other sites of it are rewritten; or the page came anew. */
	memcpy(copy, (const void *)page, PAGE);
	at = copy + site % PAGE;
	at[0] = JUMP;
	*(__s32 *)(at + 1) = to - (site + MOV_LEN);
	/* All of it: that the page was executed until now is not for this code to trust. */
	if (!shadow_fit(copy)) {
		memset(copy, 0, PAGE);
		leave_alone(i, c, n, page);
		return;
	}
	if (!map_code(i, page, PAGE, CALLS_COPIES + n * PAGE))
		return;
	c->pages[n] = page;
	c->sites[nr] = site;
	c->nr_pages = max(c->nr_pages, (__u32)n + 1);
	c->nr_sites = max(c->nr_sites, (__u32)nr + 1);
	counters->call_sites++;
}

void calls_seen(__u32 i, const struct lodger_regs *regs)
{
	struct calls *c = calls_of(i);
	__u64 site = regs->r[LODGER_RIP] - SITE_LEN;
	__u8 *seen;

	if (!calls_fd || c->stopped)
		return;
	seen = &c->seen[(site >> 12 ^ site) & 255];
	if (++*seen < WORTH)
		return;
	*seen = 0;
	/* No byte at a page's edge may change: see bad_edge() in shadow.c. */
	if (site >= LODGER_TASK_SIZE || site % PAGE < 2 || site % PAGE > PAGE - 2 - SITE_LEN)
		return;
	if (rewritable((const __u8 *)site, regs->r[LODGER_RAX]))
		rewrite(i, c, site);
}

int calls_read(__u32 i, __u64 address)
{
	struct calls *c = calls_of(i);
	long n;

	if (!calls_fd || address >= LODGER_TASK_SIZE)
		return 0;
	n = number_of_page(c, address & -PAGE);
	if (n < 0 || n >= c->nr_pages)
		return 0;
	leave_alone(i, c, n, address & -PAGE);
	return 1;
}

void calls_stop(__u32 i)
{
	struct calls *c = calls_of(i);

	if (!calls_fd || c->stopped)
		return;
	c->stopped = 1;
	for (__u32 n = 0; n < c->nr_pages; n++)
		key_unmap_user(i, c->pages[n] & -PAGE, PAGE);
}

/*
 * Before the program's own instruction in the trampoline nothing has happened yet. Behind it the
 * syscall is next, and r11 and rcx are what that destroys anyway.
 */
void calls_rewind(__u32 i, struct lodger_regs *regs)
{
	struct calls *c = calls_of(i);
	__u64 *r = regs->r;
	__u64 rip = r[LODGER_RIP];
	__u64 base = base_of(i, rip);
	const __u64 *saved = (const __u64 *)CALLS_SAVED;
	__u32 nr;
	int done;

	if (rip >= U(key_call_saved) && rip < U(key_call_end)) {
		r[LODGER_RAX] = saved[0];
		r[LODGER_RDX] = saved[1];
		r[LODGER_RSP] = saved[2];
		if (rip >= U(key_call_flags))
			r[LODGER_RFLAGS] = *(__u64 *)(kernel_sp - 8);
	}
	if (rip >= base && rip - base < CALLS_CODE_SIZE) {
		nr = (rip - base) / TRAMPOLINE;
		done = rip % TRAMPOLINE >= MOV_LEN;
	} else if (rip >= U(key_call) && rip < U(key_call_end)) {
		nr = r[LODGER_R11];
		done = 1;
	} else {
		return;
	}
	/* Otherwise a program has jumped there by itself. */
	if (calls_fd && nr < c->nr_sites)
		r[LODGER_RIP] = c->sites[nr] + (done ? MOV_LEN : 0);
}
