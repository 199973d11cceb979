/* SPDX-License-Identifier: Apache-2.0 */
/* System calls, signals, processes and threads. */
#include "micro.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void getppid_(long n)
{
	while (n--)
		syscall(SYS_getppid);
}

static void clock_(long n)
{
	struct timespec t;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &t);
}

static volatile int handled;

static void handler(int signo)
{
	handled += signo;
}

static void signal_self(long n)
{
	signal(SIGUSR1, handler);
	while (n--)
		kill(getpid(), SIGUSR1);
}

/* A process of some size: what a fork has to copy the page tables of. */
static char *held;
static size_t held_len;

static void hold(long kib)
{
	held_len = kib * KIB;
	held = anonymous(held_len);
	madvise(held, held_len, MADV_NOHUGEPAGE);
	for (size_t at = 0; at < held_len; at += PAGE)
		held[at] = 1;
}

static void let_go(void)
{
	munmap(held, held_len);
}

static void fork_exit_wait(long n)
{
	while (n--) {
		pid_t pid = fork();

		must(pid >= 0, "fork");
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static void fork_exec_wait(long n)
{
	while (n--) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			execl("/proc/self/exe", "micro", "nothing", NULL);
			_exit(1);
		}
		waitpid(pid, &status, 0);
		must(status == 0, "exec");
	}
}

static void *thread(void *arg)
{
	return arg;
}

static void thread_create_join(long n)
{
	while (n--) {
		pthread_t t;

		must(!pthread_create(&t, NULL, thread, NULL), "thread");
		pthread_join(t, NULL);
	}
}

const struct row process_rows[] = {
	{ "getppid", getppid_, NS, -1 },
	{ "clock_gettime", clock_, NS, -1 },
	{ "signal-to-self", signal_self, NS, -1 },
	{ "fork-exit-wait", fork_exit_wait, NS, -1 },
	{ "fork-of", fork_exit_wait, NS, 256, hold, let_go },
	{ "fork-of", fork_exit_wait, NS, 1024, hold, let_go },
	{ "fork-of", fork_exit_wait, NS, 4096, hold, let_go },
	{ "fork-of", fork_exit_wait, NS, 16384, hold, let_go },
	{ "fork-exec-wait", fork_exec_wait, NS, -1 },
	{ "thread-create-join", thread_create_join, NS, -1 },
	{ NULL },
};
