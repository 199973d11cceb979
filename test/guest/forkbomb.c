/* SPDX-License-Identifier: Apache-2.0 */
/* A fork bomb under ulimit: forks fail at the limit, the rest of the guest goes on. */
#include "check.h"
#include <grp.h>
#include <sys/resource.h>

#define NOBODY 65534
#define LIMIT 300

static void bomb(volatile long *refused)
{
	for (;;)
		if (fork() < 0) {
			CHECK(errno == EAGAIN || errno == ENOMEM, "fork");
			__atomic_fetch_add(refused, 1, __ATOMIC_RELAXED);
			usleep(1000);
		}
}

int main(void)
{
	volatile long *refused = map_shared(PAGE);
	int64_t start = now_ns(CLOCK_MONOTONIC);

	CHECK(geteuid() == 0, "start this as root, it drops to nobody");
	pid_t pid = fork();
	if (!pid) {
		struct rlimit limit = { LIMIT, LIMIT };
		CHECK(!setrlimit(RLIMIT_NPROC, &limit), "setrlimit");
		setpgid(0, 0);
		setgroups(0, NULL);
		CHECK(!setuid(NOBODY), "setuid");
		bomb(refused);
	}
	setpgid(pid, pid);
	while (*refused < 100) {
		usleep(10000);
		CHECK(now_ns(CLOCK_MONOTONIC) - start < 60000000000LL, "only %ld refusals", *refused);
	}

	/* Others still fork and get the CPU. */
	reap_good(fork() ?: (_exit(0), 0));

	int status;
	while (!kill(-pid, SIGKILL))
		while (waitpid(-1, &status, WNOHANG) > 0)
			;
	CHECK(errno == ESRCH || errno == EPERM, "kill");
	printf("%ld forks refused\n", *refused);
	return 0;
}
