/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks: they grow by faults, far jumps down are allowed, the end is a SIGSEGV one can handle. */
#include "check.h"
#include <pthread.h>
#include <setjmp.h>
#include <sys/resource.h>

static sigjmp_buf back;
static void *fault_at;

static void overflow(int signo, siginfo_t *info, void *context)
{
	fault_at = info->si_addr;
	siglongjmp(back, 1);
}

/* One frame of 6 MiB, touched from its far end. */
__attribute__((noinline)) static uint64_t huge_frame(uint64_t tag)
{
	volatile uint64_t words[6 << 17];
	uint64_t sum = 0;

	for (int i = 0; i < 6 << 17; i += 512)
		words[i] = tag + i;
	for (int i = 0; i < 6 << 17; i += 512)
		sum += words[i] - i;
	return sum / (6 << 8);
}

__attribute__((noinline)) static int deeper(int n)
{
	volatile char frame[1000];

	frame[n % 1000] = n;
	return n ? deeper(n - 1) + (frame[n % 1000] == (char)n) : 0;
}

static volatile int endless = 1;

__attribute__((noinline)) static int forever(volatile char *up)
{
	volatile char frame[2000];

	frame[0] = up ? up[0] + 1 : 0;
	return endless ? forever(frame) + frame[0] : 0;
}

static void *thread(void *arg)
{
	CHECK(deeper(3000) == 3000, "recursion in a thread");
	return arg;
}

int main(void)
{
	stack_t ss = { .ss_sp = map_anonymous(16 * PAGE, PROT_READ | PROT_WRITE), .ss_size = 16 * PAGE };
	struct rlimit limit;
	pthread_t t;

	CHECK(huge_frame(1234) == 1234, "a frame of 6 MiB");
	CHECK(deeper(5000) == 5000, "recursion");
	CHECK(!pthread_create(&t, NULL, thread, NULL) && !pthread_join(t, NULL), "thread");

	sigaltstack(&ss, NULL);
	on_signal(SIGSEGV, overflow, SA_ONSTACK);
	for (int i = 0; i < 20; i++)
		if (!sigsetjmp(back, 1)) {
			forever(NULL);
			FAIL("endless recursion ended");
		}
	getrlimit(RLIMIT_STACK, &limit);
	char *here = __builtin_frame_address(0);
	CHECK((char *)fault_at < here && (char *)fault_at > here - limit.rlim_cur - (1 << 20),
	      "overflow at %p, the stack is at %p", fault_at, here);

	/* With no alternate stack there is nowhere to deliver to: the process must die of it. */
	pid_t pid = fork();
	if (!pid) {
		ss.ss_flags = SS_DISABLE;
		sigaltstack(&ss, NULL);
		forever(NULL);
		_exit(0);
	}
	int status;
	waitpid(pid, &status, 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "overflow without a stack: %#x", status);
	return 0;
}
