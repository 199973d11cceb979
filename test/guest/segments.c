/* SPDX-License-Identifier: Apache-2.0 */
/* FS and GS bases belong to each thread: set by clone, by arch_prctl, and by wrfsbase/wrgsbase. */
#include "check.h"
#include <asm/prctl.h>
#include <elf.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

#define THREADS 4
#define HWCAP2_FSGSBASE 2

static uint64_t area[THREADS + 1][64] __attribute__((aligned(64)));
static char stacks[THREADS][16 * PAGE] __attribute__((aligned(4096)));
static volatile int done[THREADS];

static uint64_t fs_word(void)
{
	uint64_t v;
	asm volatile("mov %%fs:0x100, %0" : "=r"(v));
	return v;
}

static uint64_t gs_word(void)
{
	uint64_t v;
	asm volatile("mov %%gs:0x108, %0" : "=r"(v));
	return v;
}

static long raw_call(long nr, long a, long b)
{
	long r;
	asm volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b) : "rcx", "r11", "memory");
	return r;
}

static void complain(const char *text, size_t len)
{
	raw_call(SYS_exit_group, write(2, text, len) == 0 ? 2 : 1, 0);
}

#define MUST(cond, text) do { if (!(cond)) complain(text "\n", sizeof(text)); } while (0)

/* Runs with a thread pointer that is not glibc's: raw system calls only. */
static int body(void *arg)
{
	int me = (int)(uintptr_t)arg;

	MUST(fs_word() == 1000u + me, "CLONE_SETTLS did not set FS");
	MUST(raw_call(SYS_arch_prctl, ARCH_SET_GS, (long)area[me]) == 0, "ARCH_SET_GS");
	for (int i = 0; i < 3000; i++) {
		MUST(fs_word() == 1000u + me, "FS base changed");
		MUST(gs_word() == 2000u + me, "GS base changed");
		if (i % 16 == 0)
			raw_call(SYS_sched_yield, 0, 0);
		for (volatile int j = 0; j < 2000; j++)
			;
	}
	uint64_t base;
	MUST(raw_call(SYS_arch_prctl, ARCH_GET_FS, (long)&base) == 0, "ARCH_GET_FS");
	MUST(base == (uint64_t)area[me], "ARCH_GET_FS tells another base");
	done[me] = 1;
	raw_call(SYS_exit, 0, 0);
	return 0;
}

/* The user instructions, where the CPU and kernel offer them. */
static void instructions(void)
{
	uint64_t old, got, base;

	asm volatile("rdgsbase %0" : "=r"(old));
	for (int i = 0; i < 2000; i++) {
		uint64_t want = (uint64_t)area[i % 5];
		asm volatile("wrgsbase %0" :: "r"(want));
		if (i % 3 == 0)
			raw_call(SYS_sched_yield, 0, 0);
		if (i % 100 == 0)
			for (volatile int j = 0; j < 500000; j++)
				;
		asm volatile("rdgsbase %0" : "=r"(got));
		CHECK(got == want, "GS base %#lx, want %#lx", got, want);
		CHECK(!raw_call(SYS_arch_prctl, ARCH_GET_GS, (long)&base) && base == want,
		      "ARCH_GET_GS says %#lx, want %#lx", base, want);
	}
	CHECK(!raw_call(SYS_arch_prctl, ARCH_SET_GS, 0x123456789000), "ARCH_SET_GS");
	asm volatile("rdgsbase %0" : "=r"(got));
	CHECK(got == 0x123456789000, "rdgsbase after ARCH_SET_GS: %#lx", got);
	asm volatile("wrgsbase %0" :: "r"(old));

	/* FS: change it with the signals blocked and without touching thread-local data. */
	uint64_t fs;
	asm volatile("rdfsbase %0\n\twrfsbase %2\n\tmov $24, %%eax\n\tsyscall\n\t"
		     "rdfsbase %1\n\twrfsbase %0" : "=&r"(fs), "=&r"(got)
		     : "r"((uint64_t)area[2]) : "rax", "rcx", "r11", "memory");
	CHECK(got == (uint64_t)area[2], "FS base across a system call: %#lx", got);
}

int main(void)
{
	for (int i = 0; i <= THREADS; i++) {
		area[i][0x100 / 8] = 1000 + i;
		area[i][0x108 / 8] = 2000 + i;
	}
	for (int i = 0; i < THREADS; i++)
		CHECK(clone(body, stacks[i] + sizeof(stacks[i]), CLONE_VM | CLONE_FS | CLONE_FILES |
			    CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS,
			    (void *)(uintptr_t)i, NULL, area[i]) > 0, "clone");
	int64_t start = now_ns(CLOCK_MONOTONIC);
	for (int i = 0; i < THREADS; i++)
		while (!done[i]) {
			usleep(1000);
			CHECK(now_ns(CLOCK_MONOTONIC) - start < 30000000000LL, "thread %d hangs", i);
		}

	uint64_t word = 0;
	CHECK(raw_call(SYS_arch_prctl, ARCH_SET_FS, (long)0x8000000000000000UL) == -EPERM,
	      "a base beyond user space was accepted");
	CHECK(raw_call(SYS_arch_prctl, ARCH_GET_GS, (long)&word) == 0, "ARCH_GET_GS");
	if (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE)
		instructions();
	else
		puts("no FSGSBASE instructions");
	return 0;
}
