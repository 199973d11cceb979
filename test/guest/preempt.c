/* SPDX-License-Identifier: Apache-2.0 */
/* Busy loops share the CPU: all of them progress, and a sleeper gets its turn on time. */
#include "check.h"
#include <sys/resource.h>

#define LOOPS 3
#define RUN_MS 600

int main(void)
{
	volatile uint64_t *progress = map_shared(PAGE);
	pid_t pids[LOOPS];
	int64_t cpu[LOOPS], least = INT64_MAX, most = 0;

	for (int i = 0; i < LOOPS; i++)
		if (!(pids[i] = fork()))
			for (;;)
				progress[i * 8]++;

	int64_t start = now_ns(CLOCK_MONOTONIC), worst = 0;
	while (now_ns(CLOCK_MONOTONIC) - start < RUN_MS * 1000000LL) {
		int64_t before = now_ns(CLOCK_MONOTONIC);
		usleep(10000);
		int64_t late = now_ns(CLOCK_MONOTONIC) - before - 10000000;
		if (late > worst)
			worst = late;
	}
	for (int i = 0; i < LOOPS; i++) {
		struct rusage usage;
		kill(pids[i], SIGKILL);
		CHECK(wait4(pids[i], NULL, 0, &usage) == pids[i], "wait4");
		cpu[i] = usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec +
			 usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec;
		CHECK(progress[i * 8] > 1000, "loop %d got %lu rounds", i, (long)progress[i * 8]);
		if (cpu[i] < least)
			least = cpu[i];
		if (cpu[i] > most)
			most = cpu[i];
	}
	printf("CPU time %lld to %lld us, sleeper late by at most %lld us\n", (long long)least,
	       (long long)most, (long long)worst / 1000);
	CHECK(least * 4 > most, "unfair: %lld us against %lld us", (long long)least, (long long)most);
	CHECK(worst < 300000000, "a sleeper was %lld us late", (long long)worst / 1000);
	return 0;
}
