/* SPDX-License-Identifier: Apache-2.0 */
/*
 * General registers, flags and the red zone: random values go in, a system call, a spin or a
 * fault happens, the same values must come out.
 */
#include "check.h"
#include "hold.h"
#include <sys/syscall.h>
#include <sys/time.h>

#define RED_ZONE 16	/* words below rsp that no signal or interrupt may touch */

HOLD(over_syscall, "	syscall\n");

/* As compilers write it: what may become a jump. */
HOLD(over_call, "	mov $110, %eax\n	syscall\n");

/* The counter is on the stack, and the flags are put aside while it is decreased. */
HOLD(over_spin,
     "	pushf; movq $3000000, 8(%rsp); jmp 2f\n"
     "1:	pushf\n"
     "2:	decq 8(%rsp); jz 3f\n"
     "	popf; jmp 1b\n"
     "3:	popf\n");

HOLD(over_fault, "	ud2\n");

/* Fills the red zone, spins, copies it out. */
void red_zone(uint64_t seed, uint64_t *out, uint64_t rounds);
asm(".text\nred_zone:\n"
    ".irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16\n"
    "	add $0x1234567, %rdi; mov %rdi, -8*\\n(%rsp)\n"
    ".endr\n"
    "1:	dec %rdx; jnz 1b\n"
    ".irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16\n"
    "	mov -8*\\n(%rsp), %rax; mov %rax, 8*\\n-8(%rsi)\n"
    ".endr\n"
    "	ret\n");

#define STATUS_FLAGS 0x8d5	/* CF PF AF ZF SF OF */
#define DF 0x400
#define AC 0x40000
#define ID 0x200000

static uint64_t seed = 20240607;
static volatile int alarms, skipped;

static void count(int signo, siginfo_t *info, void *context)
{
	uint64_t flags;

	asm volatile("pushf; pop %0" : "=r"(flags));
	CHECK(!(flags & DF), "a handler starts with the direction flag set");
	alarms++;
}

static void skip(int signo, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
	skipped++;
}

static void randomize(struct frame *f, uint64_t flags)
{
	for (int i = 0; i < FLAGS; i++)
		f->in[i] = next_random(&seed);
	f->in[FLAGS] = 0x202 | (next_random(&seed) & flags);
}

static void same_flags(struct frame *f, const char *what)
{
	uint64_t mask = STATUS_FLAGS | DF | AC | ID;

	CHECK((f->in[FLAGS] & mask) == (f->out[FLAGS] & mask), "%s: flags were %#lx, are %#lx", what,
	      f->in[FLAGS], f->out[FLAGS]);
}

int main(void)
{
	struct frame f;

	for (int i = 0; i < 5000; i++) {
		randomize(&f, STATUS_FLAGS | DF | ID | AC);
		f.in[RAX] = i % 3 ? SYS_getppid : SYS_sched_yield;
		over_syscall(&f);
		same(&f, RBX, R9, "system call");
		same_flags(&f, "system call");
		CHECK((long)f.out[RAX] >= 0, "rax is %ld", (long)f.out[RAX]);
		CHECK(f.out[R11] == f.out[FLAGS] || f.out[R11] == (f.in[FLAGS] | 2),
		      "r11 is %#lx after a system call", f.out[R11]);
	}
	for (int i = 0; i < 1000; i++) {
		randomize(&f, STATUS_FLAGS | DF | ID | AC);
		over_call(&f);
		same(&f, RBX, R9, "call");
		same_flags(&f, "call");
		CHECK((pid_t)f.out[RAX] == getppid(), "getppid gave %ld", (long)f.out[RAX]);
	}
	/* A number that no kernel knows. */
	randomize(&f, STATUS_FLAGS);
	f.in[RAX] = 0x7fffffff;
	over_syscall(&f);
	same(&f, RBX, R9, "unknown system call");
	CHECK((long)f.out[RAX] == -ENOSYS, "an unknown system call returned %ld", (long)f.out[RAX]);

	on_signal(SIGILL, skip, 0);
	for (int i = 0; i < 1000; i++) {
		randomize(&f, STATUS_FLAGS | DF | ID | AC);
		over_fault(&f);
		same(&f, RBX, R11, "fault");
		same_flags(&f, "fault");
	}
	CHECK(skipped == 1000, "%d faults of 1000", skipped);

	/* Competition, so that spins are preempted; and a timer, so that signals come in between. */
	pid_t pid = fork();
	if (!pid)
		for (;;)
			over_spin(&f);
	struct itimerval every = { { 0, 3000 }, { 0, 3000 } };
	on_signal(SIGALRM, count, SA_RESTART);
	setitimer(ITIMER_REAL, &every, NULL);
	for (int i = 0; i < 40 || alarms < 20; i++) {
		randomize(&f, STATUS_FLAGS | DF | ID);
		over_spin(&f);
		same(&f, RBX, R11, "spin");
		same_flags(&f, "spin");

		uint64_t zone[RED_ZONE], value = next_random(&seed), start = value;
		red_zone(value, zone, 3000000);
		for (int j = 0; j < RED_ZONE; j++) {
			start += 0x1234567;
			CHECK(zone[j] == start, "red zone word %d is %#lx, want %#lx", j, zone[j], start);
		}
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}
