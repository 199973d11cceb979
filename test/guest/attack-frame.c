/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forged frames. The host stores a trap's registers on a stack that the program can write, and the
 * guest's own signal frames are the program's too: whatever they hold may only harm the program.
 */
#include "attack.h"
#include <sys/ucontext.h>

#define SLOT_RW		(STUB + 0x12000)
#define SLOT_END	STUB_END
#define POSITIONS	((SLOT_END - SLOT_RW + 2 * PAGE) / 64)

static uint64_t seed = 88172645463325252ULL;

static const uint64_t nasty[] = {
	0, 1, ~0UL, 0x8000000000000000, 0x7fffffffffff, 0x800000000000, WINDOW, 0x700040000000, STUB,
	STUB + 0x10000, STUB + 0x12000, STUB_END - 8, STUB_END, 0xffffffffff600000, HOLE, 0x100, 0x202,
	0x3000, 0x4000, 0x7ffff7fff, 0x33, 0x23, 0x10, 0x46505853, 0x1f80, 0xffff,
};
#define NASTY (sizeof(nasty) / sizeof(*nasty))

static uint64_t nasty_word(void)
{
	uint64_t r = next_random(&seed);

	return r & 1 ? nasty[r / 2 % NASTY] : r & 2 ? next_random(&seed) : r >> 40;
}

/* A system call with another stack pointer. */
static long call_on(uintptr_t stack, long nr)
{
	long r;

	asm volatile("mov %%rsp, %%rbx\n\tmov %2, %%rsp\n\tsyscall\n\tmov %%rbx, %%rsp"
		     : "=a"(r) : "a"(nr), "r"(stack) : "rbx", "rcx", "r11", "memory");
	return r;
}

static long uid;		/* whoever asks, also a stray clone, must get this answer */

static void stack_pointer(long i)
{
	uintptr_t at = SLOT_RW - PAGE + i / 2 * 64 + i % 2 * 8;
	long got = call_on(at, SYS_getuid);

	if (got != uid)
		BREACH("getuid on a stack at %#lx returned %ld", at, got);
}

/* Overwrites all that can be written in the slot, then traps in one of three ways. */
static void scribble(long i)
{
	for (uintptr_t at = SLOT_RW; at < SLOT_END; at += 8)
		*(volatile uint64_t *)at = i < 40 ? nasty[i % NASTY] : nasty_word();
	switch (i % 3) {
	case 0:
		if (raw(SYS_getuid, 0, 0, 0) != uid)
			BREACH("getuid after scribbling");
		break;
	case 1:
		if (readable(HOLE))
			BREACH("memory that nobody gave");
		break;
	case 2:			/* until the kernel takes the CPU away */
		for (volatile int j = 0; j < 20000000 / 100; j++)
			;
	}
}

/* Guest signal frames, captured from a real signal and changed here and there. */
#define FRAME_MAX 16384

static struct {
	char bytes[FRAME_MAX] __attribute__((aligned(64)));
	uintptr_t at;		/* where it was */
	size_t size;
} captured;

static char *frame_stack;

static void capture(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	char *end = (char *)uc->uc_mcontext.fpregs;
	uint32_t xsize = 512;

	if (*(uint32_t *)(end + 464) == 0x46505853)
		memcpy(&xsize, end + 468, 4);
	captured.at = (uintptr_t)uc;
	captured.size = end + xsize - (char *)uc;
	if (captured.size > FRAME_MAX)
		captured.size = FRAME_MAX;
	memcpy(captured.bytes, uc, captured.size);
}

static void sigreturn_on(uintptr_t uc)
{
	asm volatile("mov %0, %%rsp\n\tmov $15, %%eax\n\tsyscall" :: "r"(uc) : "memory");
	__builtin_unreachable();
}

static void forged_sigreturn(long i)
{
	/* In a child of its own number stream, so that a repeat makes the same frame. */
	seed = 0x9e3779b97f4a7c15UL * (i + 1);
	captured.at = 0;
	if (!sigsetjmp(rescue, 0)) {
		stack_t stack = { .ss_sp = frame_stack, .ss_size = 16 * PAGE };
		sigset_t empty;
		sigemptyset(&empty);
		sigprocmask(SIG_SETMASK, &empty, NULL);	/* the last frame may have changed it */
		sigaltstack(&stack, NULL);
		on_signal(SIGUSR2, capture, SA_ONSTACK);
		raise(SIGUSR2);
		if (captured.at) {
			char *uc = (char *)captured.at;
			size_t fp = ((ucontext_t *)captured.bytes)->uc_mcontext.fpregs ?
				(char *)((ucontext_t *)captured.bytes)->uc_mcontext.fpregs - uc : 512;
			memcpy(uc, captured.bytes, captured.size);
			captured.at = 0;
			for (int n = 1 + i % 4; n; n--) {
				size_t where = i % 2 ? fp + next_random(&seed) % (captured.size - fp) / 8 * 8
						     : next_random(&seed) % fp / 8 * 8;
				if (i % 8 == 3)		/* the xsave header */
					where = fp + 512 + next_random(&seed) % 8 * 8;
				if (i % 8 == 5)		/* mxcsr, and the reserved words behind */
					where = fp + 24 + next_random(&seed) % 2 * 440;
				if (where + 8 > captured.size)
					continue;
				uint64_t v = nasty_word();
				memcpy(uc + where, &v, 8);
			}
			sigreturn_on((uintptr_t)uc);
		}
	}
	if (raw(SYS_getuid, 0, 0, 0) != uid)
		BREACH("getuid after a forged sigreturn");
}

/* A frame of pure noise, at odd places. */
static void noise_sigreturn(long i)
{
	uintptr_t places[] = { (uintptr_t)frame_stack, (uintptr_t)frame_stack + 8, SLOT_RW, SLOT_RW + PAGE,
			       STUB, HOLE, 0, ~7UL, WINDOW, SLOT_END - 64 };

	seed = 0xc0ffeeUL * (i + 1);
	for (uintptr_t at = (uintptr_t)frame_stack; at < (uintptr_t)frame_stack + 4 * PAGE; at += 8)
		*(uint64_t *)at = nasty_word();
	if (!sigsetjmp(rescue, 0))
		sigreturn_on(places[i % 10]);
}

int main(void)
{
	frame_stack = map_anonymous(16 * PAGE, PROT_READ | PROT_WRITE);
	campaign = map_shared(PAGE);
	uid = geteuid() ? geteuid() : NOBODY;
	start_canary();
	run_campaign("forged guest frames", 4000, forged_sigreturn);
	run_campaign("noise as guest frames", 300, noise_sigreturn);
	on_signal(SIGSEGV, to_rescue, SA_NODEFER);
	if (!readable(STUB)) {
		check_canary();
		SKIP("no stub at %#lx: this is not a guest", STUB);
	}
	run_campaign("stack pointer in the slot", POSITIONS * 2, stack_pointer);
	run_campaign("scribbled slot", 400, scribble);
	check_canary();
	return 0;
}
