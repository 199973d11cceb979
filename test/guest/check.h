/* SPDX-License-Identifier: Apache-2.0 */
/* What every program of this folder shares: a check that fails loudly, and children. */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define SKIPPED 77	/* exit status: this guest or CPU lacks what the program tests */

#define FAIL(...) do {								\
	int saved_errno_ = errno;						\
	char text_[512];							\
	int n_ = snprintf(text_, 512, "%s:%d: ", __FILE__, __LINE__);		\
	n_ += snprintf(text_ + n_, 512 - n_, __VA_ARGS__);			\
	if (n_ > 480)								\
		n_ = 480;							\
	n_ += snprintf(text_ + n_, 32, " (errno %d)\n", saved_errno_);		\
	if (write(2, text_, n_) != n_)						\
		_exit(2);							\
	_exit(1);								\
} while (0)

#define CHECK(cond, text, ...) do {						\
	if (!(cond))								\
		FAIL("%s: " text, #cond, ##__VA_ARGS__);			\
} while (0)

#define SKIP(...) do { printf("skipped: " __VA_ARGS__); putchar('\n'); exit(SKIPPED); } while (0)

/* Runs body in a child process and returns its wait status. */
static inline int in_child(void (*body)(void))
{
	fflush(stdout);
	pid_t pid = fork();
	CHECK(pid >= 0, "fork");
	if (!pid) {
		body();
		_exit(0);
	}
	int status;
	CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
	return status;
}

/* Reaps a child that must have ended with exit(0). */
static inline void reap_good(pid_t pid)
{
	int status;
	CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
	CHECK(status == 0, "child %d ended with wait status %#x", pid, status);
}

static inline void on_signal(int signo, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };
	CHECK(sigaction(signo, &sa, NULL) == 0, "sigaction %d", signo);
}

static inline void *map_anonymous(size_t len, int prot)
{
	void *p = mmap(NULL, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED, "mmap of %zu bytes", len);
	return p;
}

static inline void *map_shared(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(p != MAP_FAILED, "shared mmap of %zu bytes", len);
	return p;
}

static inline int64_t now_ns(clockid_t clock)
{
	struct timespec t;
	CHECK(clock_gettime(clock, &t) == 0, "clock_gettime %d", (int)clock);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* A reproducible stream of pseudo-random words (xorshift). */
static inline uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

#endif
