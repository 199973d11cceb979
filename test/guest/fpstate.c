/* SPDX-License-Identifier: Apache-2.0 */
/* x87, SSE, AVX and AVX-512 state survives syscalls, preemption, other threads and processes. */
#include "fpstate.h"
#include <pthread.h>
#include <sys/syscall.h>

static enum fp_level level;

static void hold(uint64_t seed, long rounds, long nr, long a, long b, const char *what)
{
	struct fp_state in, out;

	fp_fill(&in, seed);
	memset(&out, 0, sizeof(out));
	fp_hold(level, &in, &out, rounds, nr, a, b);
	fp_compare(level, &in, &out, what);
}

/* Different values in every round, so that a stale copy shows. */
static void worker(uint64_t seed, const char *what)
{
	for (int i = 0; i < 20; i++) {
		hold(seed * 1000 + i, 50000, -1, 0, 0, what);
		hold(seed * 1000 + i + 500, 200, SYS_getppid, 0, 0, what);
		hold(seed * 1000 + i + 800, 50, SYS_sched_yield, 0, 0, what);
	}
}

static void *thread(void *seed)
{
	worker((uintptr_t)seed, "thread");
	return NULL;
}

/* A forked child starts with a copy of its parent's registers: fork by raw syscall amid a hold. */
static void across_fork(void)
{
	struct fp_state in, out;

	fp_fill(&in, 77);
	memset(&out, 0, sizeof(out));
	pid_t parent = getpid();
	fp_hold(level, &in, &out, 1, SYS_fork, 0, 0);
	fp_compare(level, &in, &out, getpid() == parent ? "fork, parent" : "fork, child");
	if (getpid() != parent)
		_exit(0);
	int status;
	CHECK(wait(&status) > 0 && status == 0, "child's registers, status %#x", status);
}

/* A new program starts with the initial state, not with its predecessor's. */
static void after_exec(void)
{
	struct fp_state in, out;
	uint32_t mxcsr;
	uint16_t fcw;

	asm volatile("stmxcsr %0; fnstcw %1" : "=m"(mxcsr), "=m"(fcw));
	CHECK(mxcsr == 0x1f80, "mxcsr %#x after exec", mxcsr);
	CHECK(fcw == 0x37f, "x87 control word %#x after exec", fcw);
	fp_fill(&in, 5);
	memset(&out, 0, sizeof(out));
	fp_hold(level, &in, &out, 100, SYS_getppid, 0, 0);
	fp_compare(level, &in, &out, "after exec");
}

int main(int argc, char **argv)
{
	level = fp_level();
	if (argc > 1) {
		after_exec();
		return 0;
	}
	across_fork();

	pid_t pids[3];
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			worker(i + 10, "process");
			_exit(0);
		}
	}
	pthread_t threads[3];
	for (int i = 0; i < 3; i++)
		CHECK(!pthread_create(&threads[i], NULL, thread, (void *)(uintptr_t)(i + 1)), "thread");
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 3; i++)
		reap_good(pids[i]);

	pid_t pid = fork();
	if (!pid) {
		asm volatile("ldmxcsr %0" :: "m"((uint32_t){ 0x5f80 }));
		execl(argv[0], argv[0], "exec", NULL);
		FAIL("exec %s", argv[0]);
	}
	reap_good(pid);
	printf("level %s\n", (const char *[]){ "SSE", "AVX", "AVX-512" }[level]);
	return 0;
}
