/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The xrstor by which the dynamic loader returns from looking up a function. Isolation by key can
 * not let programs execute it and does it for them: anywhere that their stack may be, on pages that
 * are not there yet, and never on memory that is not theirs.
 */
#include "check.h"
#include <setjmp.h>

#define TASK_END	0x700000000000UL
#define RAM		0x700040000000UL
#define IMAGE		0x40	/* above the stack pointer, as in the loader */

static sigjmp_buf rescue;

static void to_rescue(int signo, siginfo_t *info, void *context)
{
	siglongjmp(rescue, 1);
}

/* Stores xmm1, spoils it, loads it as the loader does. Returns what it then holds. */
static uint64_t store_and_load(uintptr_t sp, uint64_t value)
{
	uint64_t result;

	asm volatile("mov %%rsp, %%rbx; mov %1, %%rsp; movq %2, %%xmm1\n"
		     "	mov $0xee, %%eax; xor %%edx, %%edx; xsave 0x40(%%rsp); pxor %%xmm1, %%xmm1\n"
		     "	mov $0xee, %%eax; xor %%edx, %%edx; xrstor 0x40(%%rsp)\n"
		     "	movq %%xmm1, %0; mov %%rbx, %%rsp"
		     : "=r"(result) : "r"(sp), "r"(value) : "rax", "rbx", "rdx", "xmm1", "memory");
	return result;
}

static void load(uintptr_t sp)
{
	asm volatile("mov %%rsp, %%rbx; mov %0, %%rsp\n"
		     "	mov $0xee, %%eax; xor %%edx, %%edx; xrstor 0x40(%%rsp); mov %%rbx, %%rsp"
		     : : "r"(sp) : "rax", "rbx", "rdx", "xmm1", "memory");
}

static void works(uintptr_t page)
{
	char *p = mmap((void *)page, 2 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (p != (void *)page)
		return;		/* the program's stack is there; another try will do */
	for (int i = 0; i < 4; i++) {
		uint64_t value = 0x123456789abcdef0 + i;
		CHECK(store_and_load(page + PAGE - IMAGE - 64 * i, value) == value, "at %#lx", page);
	}
	munmap(p, 2 * PAGE);
}

static void faults(uintptr_t image)
{
	if (!sigsetjmp(rescue, 1)) {
		load(image - IMAGE);
		FAIL("an image at %#lx was loaded", image);
	}
}

int main(void)
{
	static char stack[16 * PAGE];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };

	sigaltstack(&ss, NULL);
	on_signal(SIGSEGV, to_rescue, SA_ONSTACK | SA_NODEFER);
	for (uintptr_t below = 2; below < 4096; below *= 2)
		works(TASK_END - below * PAGE);
	works(0x100000000);
	faults(RAM);
	faults(RAM + 0x1000);
	faults(TASK_END - 512);
	faults(0x234567000000);
	return 0;
}
