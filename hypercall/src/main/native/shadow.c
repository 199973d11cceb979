/* SPDX-License-Identifier: Apache-2.0 */
#include "shadow.h"
#include "slot.h"
#include "vcpu.h"

#define PAGE 4096
#define UD2 0x0b
#define XSAVE_GROUP 0xae

int shadow_fd;

static __u8 page[PAGE] __attribute__((aligned(64)));

void shadow_init(void)
{
	shadow_fd = make_memfd("lodger-shadow", SHADOW_SIZE);
	map_fixed(SHADOW_VIEW, SHADOW_SIZE, PROT_READ | PROT_WRITE, shadow_fd,
		  "cannot map the copies of RAM");
	seal_writes(shadow_fd);
}

/* xrstor: 0f ae with a memory operand and 5 in the middle of its third byte. */
static int xrstor_operand(__u8 modrm)
{
	return (modrm >> 3 & 7) == 5 && modrm < 0xc0;
}

/* wrpkru: 0f 01 ef. */
static int changes_key(const __u8 *p)
{
	return p[0] == 0x0f && ((p[1] == 0x01 && p[2] == 0xef) ||
				(p[1] == XSAVE_GROUP && xrstor_operand(p[2])));
}

int changes_no_key(const __u8 *code, __u64 len)
{
	for (__u64 i = 0; i + 2 < len; i++)
		if (changes_key(code + i))
			return 0;
	return 1;
}

/*
 * An instruction may lie across two pages, and which ones are neighbours is not known here. So no
 * page ends with two bytes of one, and none begins with two.
 */
static int bad_edge(const __u8 *p)
{
	const __u8 *end = p + PAGE - 2;

	return (end[0] == 0x0f && (end[1] == 0x01 || end[1] == XSAVE_GROUP)) ||
	       (p[0] == 0x01 && p[1] == 0xef) || (p[0] == XSAVE_GROUP && xrstor_operand(p[1]));
}

int shadow_fit(const __u8 *p)
{
	return !bad_edge(p) && changes_no_key(p, PAGE);
}

static int matches_xrstor(const __u8 *at, __u8 second)
{
	return at[-7] == 0xb8 && at[-2] == 0x31 && at[-1] == 0xd2 && at[0] == 0x0f &&
	       at[1] == second && at[2] == 0x6c && at[3] == 0x24;
}

int shadow_is_xrstor(const __u8 *at)
{
	return matches_xrstor(at, UD2);
}

/* pkey_set(): or %esi, %eax; wrpkru; xor %eax, %eax; ret. A guest has no keys to set. */
static int matches_wrpkru(const __u8 *at)
{
	return at[-2] == 0x09 && at[-1] == 0xf0 && at[1] == 0x01 && at[2] == 0xef &&
	       at[3] == 0x31 && at[4] == 0xc0 && at[5] == 0xc3;
}

static int known(unsigned at)
{
	return at >= SHADOW_XRSTOR_BEFORE && at + 6 <= PAGE &&
	       (matches_xrstor(page + at, XSAVE_GROUP) || matches_wrpkru(page + at));
}

/* Makes the page harmless, or says that it can not be. */
static int clean(void)
{
	if (bad_edge(page))
		return 0;
	for (unsigned i = 0; i < PAGE - 2; i++) {
		if (page[i] != 0x0f || !changes_key(page + i))
			continue;
		if (!known(i))
			return 0;
		page[i + 1] = UD2;
	}
	return 1;
}

static int same(const __u64 *a, const __u64 *b)
{
	for (int i = 0; i < PAGE / 8; i += 4)
		if ((a[i] ^ b[i]) | (a[i + 1] ^ b[i + 1]) | (a[i + 2] ^ b[i + 2]) |
		    (a[i + 3] ^ b[i + 3]))
			return 0;
	return 1;
}

/* Behind the copies: a bit for each page, 1 = the copy is what the guest wants executed. */
static __u8 *current(__u64 phys)
{
	return (__u8 *)SHADOW_VIEW + ram_size + phys / PAGE / 8;
}

static __u8 current_bit(__u64 phys)
{
	return 1 << phys / PAGE % 8;
}

void shadow_changed(__u64 phys, __u64 len)
{
	if (!shadow_fd)
		return;
	for (; len; phys += PAGE, len -= PAGE)
		*current(phys) &= ~current_bit(phys);
}

/*
 * A copy equal to RAM has been looked at before. Otherwise the page is copied first and looked at
 * then, for a device may write RAM meanwhile.
 */
static int refresh(__u64 phys)
{
	const void *ram = (void *)(LODGER_RAM_BASE + phys);
	void *copy = (void *)(SHADOW_VIEW + phys);

	if (*current(phys) & current_bit(phys))
		return 1;
	if (!same(ram, copy)) {
		memcpy(page, ram, PAGE);
		if (!clean())
			return 0;
		if (!same((void *)page, copy))
			memcpy(copy, page, PAGE);
	}
	*current(phys) |= current_bit(phys);
	return 1;
}

__u64 shadow_refresh(__u64 phys, __u64 len)
{
	__u64 good = 0;

	while (good < len && refresh(phys + good))
		good += PAGE;
	return good;
}
