/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeps and timers: never early, late by little; clocks never run backwards. */
#include "check.h"
#include <poll.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/timerfd.h>

#define MS 1000000LL
#define LATE (150 * MS)		/* what a loaded CI machine may add */

static volatile int alarms;

static void count(int signo, siginfo_t *info, void *context)
{
	alarms++;
}

static void took(const char *what, int64_t start, int64_t want)
{
	int64_t ns = now_ns(CLOCK_MONOTONIC) - start;

	CHECK(ns >= want, "%s: %lld us is early, want %lld", what, ns / 1000LL, want / 1000LL);
	CHECK(ns <= want + LATE, "%s: %lld us is late, want %lld", what, ns / 1000LL, want / 1000LL);
}

static void sleeps(void)
{
	for (int ms = 1; ms <= 64; ms *= 2) {
		struct timespec t = { 0, ms * MS };
		struct timeval tv = { 0, ms * 1000 };
		int64_t start = now_ns(CLOCK_MONOTONIC);

		CHECK(!nanosleep(&t, NULL), "nanosleep");
		took("nanosleep", start, ms * MS);
		start = now_ns(CLOCK_MONOTONIC);
		CHECK(!poll(NULL, 0, ms), "poll");
		took("poll", start, ms * MS);
		start = now_ns(CLOCK_MONOTONIC);
		CHECK(!select(0, NULL, NULL, NULL, &tv), "select");
		took("select", start, ms * MS);
		int64_t at = now_ns(CLOCK_MONOTONIC) + ms * MS;
		t = (struct timespec){ at / 1000000000, at % 1000000000 };
		start = now_ns(CLOCK_MONOTONIC);
		CHECK(!clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), "clock_nanosleep");
		CHECK(now_ns(CLOCK_MONOTONIC) >= at, "clock_nanosleep is early");
	}
	/* High resolution: the median of short sleeps is far below a tick. */
	int64_t total = 0;
	for (int i = 0; i < 100; i++) {
		struct timespec t = { 0, 100000 };
		int64_t start = now_ns(CLOCK_MONOTONIC);
		nanosleep(&t, NULL);
		total += now_ns(CLOCK_MONOTONIC) - start;
	}
	CHECK(total / 100 < 3 * MS, "a 100 us sleep takes %lld us", total / 100 / 1000LL);
	printf("sleep of 100 us takes %lld us\n", total / 100 / 1000LL);
}

/* A timer's signal reaches a loop that makes no system call. */
static void interval(int which, int signo, const char *what)
{
	struct itimerval it = { { 0, 5000 }, { 0, 5000 } };
	int64_t start = now_ns(CLOCK_MONOTONIC);

	alarms = 0;
	on_signal(signo, count, 0);
	CHECK(!setitimer(which, &it, NULL), "setitimer %s", what);
	while (alarms < 20)
		;
	it = (struct itimerval){ 0 };
	setitimer(which, &it, NULL);
	int64_t ns = now_ns(CLOCK_MONOTONIC) - start;
	CHECK(ns > 60 * MS, "%s: 20 alarms of 5 ms within %lld us", what, ns / 1000LL);
	CHECK(ns < 3000 * MS, "%s: 20 alarms of 5 ms took %lld us", what, ns / 1000LL);
}

static void posix_timer(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1 };
	struct itimerspec it = { { 0, 2 * MS }, { 0, 2 * MS } };
	timer_t timer;
	int64_t start = now_ns(CLOCK_MONOTONIC);

	alarms = 0;
	on_signal(SIGRTMIN + 1, count, 0);
	CHECK(!timer_create(CLOCK_MONOTONIC, &ev, &timer), "timer_create");
	CHECK(!timer_settime(timer, 0, &it, NULL), "timer_settime");
	while (alarms < 20)
		;
	took("posix timer", start, 39 * MS);
	CHECK(!timer_delete(timer), "timer_delete");
}

static void timer_descriptor(void)
{
	struct itimerspec it = { { 0, 10 * MS }, { 0, 10 * MS } };
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t ticks, total = 0;
	int64_t start = now_ns(CLOCK_MONOTONIC);

	if (fd < 0 && errno == ENOSYS)
		return;
	CHECK(fd >= 0 && !timerfd_settime(fd, 0, &it, NULL), "timerfd");
	while (total < 5) {
		CHECK(read(fd, &ticks, 8) == 8, "read");
		total += ticks;
	}
	took("timerfd", start, 50 * MS);
	close(fd);
}

static void clocks(void)
{
	int64_t monotonic = 0, raw = 0, cpu = 0;

	for (int i = 0; i < 20000; i++) {
		int64_t m = now_ns(CLOCK_MONOTONIC), r = now_ns(CLOCK_MONOTONIC_RAW);
		int64_t c = now_ns(CLOCK_PROCESS_CPUTIME_ID);
		CHECK(m >= monotonic && r >= raw && c >= cpu, "a clock ran backwards");
		monotonic = m;
		raw = r;
		cpu = c;
	}
	CHECK(now_ns(CLOCK_REALTIME) > 1700000000 * 1000LL * MS, "the wall clock is in the past");
}

/* CPU time: a spinner is charged, a sleeper is not. */
static void accounting(void)
{
	int64_t cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID), start = now_ns(CLOCK_MONOTONIC);

	usleep(100000);
	CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu < 30 * MS, "sleeping costs CPU time");
	cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
	start = now_ns(CLOCK_MONOTONIC);
	while (now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu < 100 * MS)
		CHECK(now_ns(CLOCK_MONOTONIC) - start < 5000 * MS, "spinning is not charged");
}

int main(void)
{
	sleeps();
	interval(ITIMER_REAL, SIGALRM, "ITIMER_REAL");
	interval(ITIMER_VIRTUAL, SIGVTALRM, "ITIMER_VIRTUAL");
	interval(ITIMER_PROF, SIGPROF, "ITIMER_PROF");
	posix_timer();
	timer_descriptor();
	clocks();
	accounting();
	return 0;
}
