/* SPDX-License-Identifier: Apache-2.0 */
/* The mappings of a process that has the key: the kernel's, which many share, and its program's. */
#include "calls.h"
#include "key.h"
#include "shadow.h"
#include "space.h"
#include "vcpu.h"

#define PAGE 4096
#define MAX_UNMAPPED 64

/* What the kernel has unmapped in its own range; each process does it when its turn comes. */
static struct { __u64 addr, len; } unmapped[MAX_UNMAPPED] SHARED;
static __u64 nr_unmapped SHARED;

static __u64 unmaps_seen;

static void map_keyed(__u64 addr, __u64 len, int prot)
{
	long r = sys4(__NR_pkey_mprotect, addr, len, prot, guest_key);

	if (r)
		die(LODGER_EXIT_INTERNAL, "cannot protect memory by key", r);
}

static void map_kernel(__u64 addr, __u64 len, int prot, int fd, __u64 offset)
{
	if (sys_mmap(addr, len, prot, MAP_SHARED | MAP_FIXED, fd, offset) != (long)addr)
		die(LODGER_EXIT_INTERNAL, "cannot map the guest kernel", 0);
	map_keyed(addr, len, prot);
}

void key_map_window(__u32 i)
{
	map_keyed(U(private_start), private_end - private_start, PROT_READ | PROT_WRITE);
	map_kernel(U(shared_start), shared_end - shared_start, PROT_READ | PROT_WRITE, shared_fd, 0);
	map_kernel(SLOTS_VIEW, (__u64)MAX_SLOTS * SLOT_SIZE, PROT_READ | PROT_WRITE, slots_fd, 0);
	map_keyed(SPAWN_VIEW, sizeof(*spawn), PROT_READ | PROT_WRITE);
	map_keyed(ANSWER_VIEW, ANSWER_SIZE / 2, PROT_READ | PROT_WRITE);
	map_keyed(ANSWER_FLAGS, ANSWER_SIZE / 2, PROT_READ);
	if (sys_mmap(SLOT_RO, SLOT_RO_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, slots_fd,
		     (__u64)i * SLOT_SIZE) != SLOT_RO)
		die(LODGER_EXIT_INTERNAL, "cannot map a slot", 0);
	map_kernel(SLOT_RW, SLOT_SIZE - SLOT_RO_SIZE, PROT_READ | PROT_WRITE, slots_fd,
		   (__u64)i * SLOT_SIZE + SLOT_RO_SIZE);
	map_kernel(LODGER_CONTROL, LODGER_CONTROL_SIZE, PROT_READ | PROT_WRITE, LODGER_FD_CONTROL, 0);
	map_kernel(LODGER_RAM_BASE, ram_size, PROT_READ | PROT_WRITE, LODGER_FD_RAM, 0);
	map_kernel(LODGER_RAM_BASE + text_phys, text_size, PROT_READ | PROT_EXEC, shadow_fd,
		   text_phys);
	/* Inherited: by their descriptors, both can only be mapped to be executed. */
	map_keyed(SHADOW_VIEW, SHADOW_SIZE, PROT_READ | PROT_WRITE);
	if (calls_fd)
		map_keyed(CALLS_VIEW, (__u64)MAX_SLOTS * CALLS_SIZE, PROT_READ | PROT_WRITE);
	calls_start(i);
	unmaps_seen = nr_unmapped;
}

static void unmap_all_kernel(void)
{
	sys2(__NR_munmap, LODGER_MODULES_START, LODGER_MODULES_END - LODGER_MODULES_START);
	sys2(__NR_munmap, LODGER_VMALLOC_START, LODGER_VMALLOC_END - LODGER_VMALLOC_START);
}

/* What is below has trampolines, and nothing of the program's: see map_user(). */
static void unmap_all_user(__u32 i)
{
	sys2(__NR_munmap, CALLS_LOW_END, LODGER_TASK_SIZE - CALLS_LOW_END);
	calls_reset(i);
}

/*
 * A host process may have so many mappings, and a program can use them up. All of these come back
 * as they fault; the kernel's must be right, and must not fail.
 */
static void make_room(void)
{
	if (me)
		unmap_all_user(me - 1);
	unmap_all_kernel();
}

static void unmap_kernel(__u64 addr, __u64 len)
{
	if (sys2(__NR_munmap, addr, len))
		make_room();
}

/* Where the kernel is not, it has changed its mappings meanwhile. */
void key_catch_up(void)
{
	if (nr_unmapped - unmaps_seen > MAX_UNMAPPED) {
		unmap_all_kernel();
		unmaps_seen = nr_unmapped;
	}
	for (; unmaps_seen < nr_unmapped; unmaps_seen++)
		unmap_kernel(unmapped[unmaps_seen % MAX_UNMAPPED].addr,
			     unmapped[unmaps_seen % MAX_UNMAPPED].len);
}

long key_kernel_map(__u64 addr, __u64 phys, __u64 len, __u32 prot)
{
	int fd = LODGER_FD_RAM;
	long r;

	shadow_changed(phys, len);
	/* Here, memory is never written and executed; a fault asks for the one or the other. */
	if (me && (prot & PROT_EXEC)) {
		prot &= prot & PROT_WRITE ? ~PROT_EXEC : ~PROT_WRITE;
		if (prot & PROT_EXEC) {
			if (shadow_refresh(phys, len) != len)
				return -EXDEV;
			fd = shadow_fd;
		}
	}
	r = sys_mmap(addr, len, prot, MAP_SHARED | MAP_FIXED, fd, phys);
	if (r == -ENOMEM) {
		make_room();
		r = sys_mmap(addr, len, prot, MAP_SHARED | MAP_FIXED, fd, phys);
	}
	if (r != (long)addr)
		return r;
	if (me)
		map_keyed(addr, len, prot);
	return 0;
}

void key_kernel_unmap(__u64 addr, __u64 len)
{
	unmap_kernel(addr, len);
	unmapped[nr_unmapped % MAX_UNMAPPED].addr = addr;
	unmapped[nr_unmapped % MAX_UNMAPPED].len = len;
	nr_unmapped++;
	unmaps_seen = nr_unmapped;
}

/* Whether user code of slot i has tried to execute something of [addr, addr + len). */
static int executes(__u32 i, __u64 addr, __u64 len)
{
	return slots[i].fetched >= addr && slots[i].fetched < addr + len;
}

/*
 * What is to be executed is mapped as its copy. What must not be executed here, but the guest
 * would allow it, is mapped for data alone; the space is demoted when it executes that after all.
 */
static long map_user(__u32 i, struct map_call c)
{
	if (c.addr < CALLS_LOW_END || (c.addr < slots[i].unused + CALLS_CODE_SIZE &&
				       c.addr + c.len > slots[i].unused)) {
		slots[i].unfit = LODGER_DEMOTED_PLACE;
		return -EXDEV;
	}
	while (c.len) {
		__u64 len = c.len, good = 0;
		int fd = LODGER_FD_RAM;

		if (c.prot & PROT_EXEC) {
			slots[i].unfit = c.prot & PROT_WRITE ? LODGER_DEMOTED_WRITABLE :
					 c.prot & LODGER_PROT_SHARED ? LODGER_DEMOTED_SHARED :
					 LODGER_DEMOTED_KEY_CODE;
			if (slots[i].unfit == LODGER_DEMOTED_KEY_CODE) {
				good = shadow_refresh(c.offset, c.len);
				len = good ? good : PAGE;
			}
			if (good)
				fd = shadow_fd;
			else if (executes(i, c.addr, len))
				return -EXDEV;
		}
		if (sys_mmap(c.addr, len, c.prot & (good ? 7 : PROT_READ | PROT_WRITE),
			     c.flags, fd, c.offset) != (long)c.addr)
			return -ENOMEM;
		c.addr += len;
		c.offset += len;
		c.len -= len;
	}
	return 0;
}

static long change_user(__u32 nr, __u64 addr, __u64 end, __u32 prot)
{
	long r;

	if (addr >= end)
		return 0;
	r = sys3(nr, addr, end - addr, prot);
	/* Not all of it is mapped: then none of it needs to be. */
	return r && nr == __NR_mprotect ? sys2(__NR_munmap, addr, end - addr) : r;
}

/* The same, around the trampolines. */
static long change_user_range(__u32 i, struct map_call c)
{
	__u64 end = c.addr + c.len, hole = slots[i].unused, past = hole + CALLS_CODE_SIZE;
	__u64 start = max(c.addr, CALLS_LOW_END);
	long r = change_user(c.nr, start, min(end, max(start, hole)), c.prot);

	return r ? r : change_user(c.nr, max(start, past), end, c.prot);
}

void key_unmap_user(__u32 i, __u64 addr, __u64 len)
{
	/* A mapping that is to be split may be one too many for the host. */
	if (sys2(__NR_munmap, addr, len))
		unmap_all_user(i);
}

long key_flush(__u32 i)
{
	struct slot_ro *ro = slot_ro(i);
	long r;

	for (__u32 n = 0; n < ro->nr_ops; n++) {
		struct map_call c = ro->ops[n];

		count_call(&c);
		r = 0;
		if (c.nr == __NR_mmap)
			r = map_user(i, c);
		else if (c.nr == __NR_munmap && c.len == LODGER_TASK_SIZE)
			unmap_all_user(i);
		else
			r = change_user_range(i, c);
		if (r == -EXDEV)
			return r;
		if (r) {
			/* The host's limit of mappings: start again with none. */
			unmap_all_user(i);
			break;
		}
	}
	ro->nr_ops = 0;
	slots[i].fetched = 0;
	return 0;
}
