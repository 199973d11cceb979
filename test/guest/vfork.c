/* SPDX-License-Identifier: Apache-2.0 */
/* vfork: one address space for both, the parent waits; then exec or exit parts them. */
#include "check.h"

static volatile int step;

static pid_t child_exits(int code)
{
	pid_t pid = vfork();
	if (!pid) {
		step++;
		_exit(code);
	}
	return pid;
}

static pid_t child_execs(char *self)
{
	pid_t pid = vfork();
	if (!pid) {
		step++;
		execl(self, self, "child", NULL);
		_exit(99);
	}
	return pid;
}

int main(int argc, char **argv)
{
	int status;

	if (argc > 1)
		return step == 0 ? 12 : 13;
	for (int i = 0; i < 300; i++) {
		step = i;
		pid_t pid = child_exits(i % 100);
		CHECK(pid > 0 && step == i + 1, "the child's store is missing");
		CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == i % 100, "%#x", status);
	}
	for (int i = 0; i < 100; i++) {
		step = i;
		pid_t pid = child_execs(argv[0]);
		CHECK(pid > 0 && step == i + 1, "the child's store is missing");
		CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 12, "%#x", status);
	}
	return 0;
}
