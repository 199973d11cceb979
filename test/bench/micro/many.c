/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes alive at once: what it takes to create them, to let each run once in turn, and to end
 * them one after the other.
 */
#include "micro.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 5

enum { SLEEP, RUN, END };

static void await(int *word, int value)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
		syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void set(int *word, int value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Hands on what it is told, until it is told to end. */
static void member(int *mine, int *next)
{
	for (;;) {
		await(mine, SLEEP);
		if (__atomic_load_n(mine, __ATOMIC_ACQUIRE) == END)
			_exit(0);
		__atomic_store_n(mine, SLEEP, __ATOMIC_RELEASE);
		set(next, RUN);
	}
}

static void say(const char *what, long n, double ns)
{
	printf("ROW processes-%s@%ld ms %.4g\n", what, n, ns / 1e6);
	fflush(stdout);
}

int many(long n)
{
	int *words = mmap(NULL, (n + 1) * sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t *pids = calloc(n, sizeof(pid_t));
	double start = now(), best = 0;

	must(words != MAP_FAILED && pids, "memory");
	for (long i = 0; i < n; i++) {
		int *up = &words[n];	/* each says once that it is there */

		pids[i] = fork();
		must(pids[i] >= 0, "fork");
		if (!pids[i]) {
			set(up, RUN);
			member(&words[i], &words[i + 1]);
		}
		await(up, SLEEP);
		__atomic_store_n(up, SLEEP, __ATOMIC_RELEASE);
	}
	say("create", n, now() - start);
	for (int round = 0; round < ROUNDS; round++) {
		double took;

		start = now();
		set(&words[0], RUN);
		await(&words[n], SLEEP);
		took = now() - start;
		__atomic_store_n(&words[n], SLEEP, __ATOMIC_RELEASE);
		best = !round || took < best ? took : best;
	}
	say("round", n, best);
	start = now();
	for (long i = 0; i < n; i++) {
		set(&words[i], END);
		must(waitpid(pids[i], NULL, 0) == pids[i], "waitpid");
	}
	say("end", n, now() - start);
	munmap(words, (n + 1) * sizeof(int));
	free(pids);
	return 0;
}
