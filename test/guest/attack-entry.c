/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other ways into a kernel than `syscall`, and odd machine states at the usual one. The program
 * may be answered or may die; the host must do nothing for it and the guest must live.
 */
#include "attack.h"

static long uid;		/* whoever asks, also a stray clone, must get this answer */

static void still_sane(const char *what)
{
	long got = raw(SYS_getuid, 0, 0, 0);

	if (got != uid)
		BREACH("getuid after %s returned %ld", what, got);
	if (readable(HOLE) && !given(HOLE))
		BREACH("%s: memory that nobody gave", what);
}

/* int 0x80: numbers of the 32-bit table. */
static const long numbers32[] = { 1, 2, 5, 8, 11, 20, 37, 45, 54, 90, 91, 102, 119, 120, 125, 172, 173,
				  175, 192, 240, 270, 354, 359, 0x40000005 };

static void int80(long i)
{
	long r;

	if (!sigsetjmp(rescue, 0))
		asm volatile("int $0x80" : "=a"(r) : "a"(numbers32[i]), "b"(HOLE), "c"(PAGE), "d"(7), "S"(0x32),
			     "D"(3L) : "r8", "r9", "r10", "r11", "memory");
	still_sane("int 0x80");
}

static void sysenter(long i)
{
	if (!sigsetjmp(rescue, 0))
		asm volatile("mov %%rsp, %%rbp\n\tsysenter" :: "a"(numbers32[i]), "b"(HOLE), "c"(PAGE) :
			     "memory", "rdx");
	still_sane("sysenter");
}

static void x32(long i)
{
	raw(0x40000000 | i, HOLE, PAGE, 7);
	still_sane("an x32 number");
}

static void odd_numbers(long i)
{
	static const long odd[] = { -1, -2, 335, 400, 424, 512, 547, 0x10000, 0x7fffffff, 0x100000027,
				    0x80000027, -4096 };
	raw(odd[i], 0, 0, 0);
	still_sane("an odd number");
}

/* The vsyscall page: three entry points, and the bytes beside them. */
static void vsyscall(long i)
{
	uintptr_t at = 0xffffffffff600000 + i % 4 * 0x400 + i / 4;
	long r = 0;
	struct timeval tv = { 0, 0 };

	if (!sigsetjmp(rescue, 0))
		asm volatile("call *%1" : "=a"(r) : "r"(at), "D"(i & 16 ? (void *)HOLE : &tv), "S"(0L), "d"(0L)
			     : "rcx", "r8", "r9", "r10", "r11", "memory");
	still_sane("the vsyscall page");
}

static const uint64_t addresses[] = { 0, 1, 0x7fffffffffff, 0x800000000000, 0x8000000000000000, ~0UL,
	0xffff800000000000, WINDOW - 1, WINDOW, 0x700040000000, STUB - 1, STUB + 0xfff, STUB_END,
	0x750000100000, 0x760000000000, 0x7fffffffe000, 0x7ffffffff000 };
#define ADDRESSES (sizeof(addresses) / sizeof(*addresses))

static void wild_jump(long i)
{
	uint64_t to = addresses[i / 2];

	if (!sigsetjmp(rescue, 0)) {
		if (i % 2)
			asm volatile("push %0\n\tret" :: "r"(to) : "memory");
		else
			asm volatile("jmp *%0" :: "r"(to) : "memory");
		__builtin_unreachable();
	}
	still_sane("a wild jump");
}

/* A wild stack pointer at a system call, a fault, and a spin. */
static void wild_stack(long i)
{
	uint64_t rsp = addresses[i / 3];

	if (!sigsetjmp(rescue, 0)) {
		if (i % 3 == 0)
			asm volatile("mov %%rsp, %%rbx\n\tmov %0, %%rsp\n\tmov $110, %%eax\n\tsyscall\n\t"
				     "mov %%rbx, %%rsp" :: "r"(rsp) : "rax", "rbx", "rcx", "r11", "memory");
		else if (i % 3 == 1)
			asm volatile("mov %0, %%rsp\n\tud2" :: "r"(rsp) : "memory");
		else
			asm volatile("mov %%rsp, %%rbx\n\tmov %0, %%rsp\n\tmov $30000000, %%ecx\n"
				     "1:\tdec %%ecx\n\tjnz 1b\n\tmov %%rbx, %%rsp" :: "r"(rsp) :
				     "rbx", "rcx", "memory");
	}
	still_sane("a wild stack pointer");
}

/* Flags: each bit of the register alone, at a system call. */
static void flags(long bit)
{
	if (!sigsetjmp(rescue, 0))
		asm volatile("push %0\n\tpopf\n\tmov $110, %%eax\n\tsyscall\n\tcld\n\tpush $0x202\n\tpopf" ::
			     "r"(0x202UL | 1UL << bit) : "rax", "rcx", "r11", "memory", "cc");
	asm volatile("cld\n\tpush $0x202\n\tpopf" ::: "memory", "cc");
	still_sane("odd flags");
}

/* Segment registers with selectors of all sorts; then a far return into 32-bit code. */
static void selectors(long i)
{
	uint16_t selector = i / 4;

	if (!sigsetjmp(rescue, 0))
		switch (i % 4) {
		case 0: asm volatile("mov %0, %%ds" :: "r"(selector)); break;
		case 1: asm volatile("mov %0, %%es" :: "r"(selector)); break;
		case 2: asm volatile("mov %0, %%gs" :: "r"(selector)); break;
		case 3: asm volatile("push %1\n\tpush %0\n\tlretq" :: "r"((uint64_t)addresses[i / 4 % ADDRESSES]),
				     "r"((uint64_t)selector) : "memory"); break;
		}
	still_sane("an odd selector");
}

/* 32-bit code: spins, faults, and calls by int 0x80, sysenter and syscall. */
static const unsigned char code32[][8] = {
	{ 0xcd, 0x80, 0xeb, 0xfc },		/* int 0x80; again */
	{ 0x0f, 0x34 },				/* sysenter */
	{ 0x0f, 0x05, 0xeb, 0xfc },		/* syscall; again */
	{ 0xeb, 0xfe },				/* spin */
	{ 0x0f, 0x0b },				/* ud2 */
	{ 0xa1, 0, 0, 0, 0 },			/* load from 0 */
	{ 0x31, 0xe4, 0xeb, 0xfe },		/* no stack; spin */
	{ 0xf4 },				/* hlt */
};

static void mode32(long i)
{
	char *low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (low == MAP_FAILED)
		return;
	memcpy(low, code32[i % 8], 8);
	if (!sigsetjmp(rescue, 0)) {
		asm volatile("push $0x23\n\tpush %0\n\tlretq" :: "r"(low), "a"(numbers32[i]), "b"(HOLE), "c"(PAGE),
			     "d"(7) : "memory");
		__builtin_unreachable();
	}
	still_sane("32-bit code");
}

/* Protection keys: the program may lock itself out of its own memory. */
static int has_pku(void)
{
	unsigned int a = 7, b, c = 0, d;

	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c >> 4 & 1;	/* OSPKE */
}

static void pkru(long i)
{
	static const uint32_t values[] = { 0xffffffff, 1, 2, 3, 0x55555555, 0xfffffffc };
	uint32_t v = values[i / 3];

	if (!sigsetjmp(rescue, 0)) {
		if (i % 3 == 0)
			asm volatile("wrpkru\n\tmov $110, %%eax\n\tsyscall" : "+a"(v) : "c"(0), "d"(0) : "r11");
		else if (i % 3 == 1)
			asm volatile("wrpkru\n\tmov (%%rsp), %%rax" : "+a"(v) : "c"(0), "d"(0) : "memory");
		else
			asm volatile("wrpkru\n1:\tjmp 1b" : "+a"(v) : "c"(0), "d"(0) : "memory");
	}
	v = 0;
	asm volatile("xor %%ecx, %%ecx\n\txor %%edx, %%edx\n\twrpkru" : "+a"(v) :: "rcx", "rdx", "memory");
	still_sane("odd protection keys");
}

int main(void)
{
	uid = geteuid() ? geteuid() : NOBODY;
	start_canary();
	run_campaign("int 0x80", sizeof(numbers32) / sizeof(long), int80);
	run_campaign("sysenter", sizeof(numbers32) / sizeof(long), sysenter);
	run_campaign("x32 numbers", 60, x32);
	run_campaign("odd numbers", 12, odd_numbers);
	run_campaign("vsyscall page", 64, vsyscall);
	run_campaign("wild jumps", ADDRESSES * 2, wild_jump);
	run_campaign("wild stack pointers", ADDRESSES * 3, wild_stack);
	run_campaign("flags", 22, flags);
	run_campaign("selectors", 4 * 128, selectors);
	run_campaign("32-bit code", sizeof(numbers32) / sizeof(long), mode32);
	if (has_pku())
		run_campaign("protection keys", 18, pkru);
	check_canary();
	return 0;
}
