/* SPDX-License-Identifier: Apache-2.0 */
/* Many execs: one process after the other in place, and several lines of them side by side. */
#include "check.h"

#define IN_PLACE 100
#define LINES 4
#define EACH 40

static char *self;

/* What a new program must find: its own fresh data, and the arguments it was given. */
static int fresh = 1;

static void run(const char *a, const char *b)
{
	execl(self, self, a, b, NULL);
	FAIL("exec %s", self);
}

int main(int argc, char **argv)
{
	self = argv[0];
	CHECK(fresh == 1, "old data in a new program");
	fresh = 2;
	if (argc == 3) {
		int left = atoi(argv[1]);
		CHECK(strlen(argv[2]) == (size_t)left % 7 + 1, "argument '%s'", argv[2]);
		if (!left)
			return 23;
		char count[16], text[16] = "1234567";
		snprintf(count, sizeof(count), "%d", left - 1);
		text[(left - 1) % 7 + 1] = 0;
		run(count, text);
	}
	pid_t pids[LINES];
	int status;
	char text[16] = "1234567", count[16];

	snprintf(count, sizeof(count), "%d", IN_PLACE);
	text[IN_PLACE % 7 + 1] = 0;
	for (int i = 0; i < LINES; i++)
		if (!(pids[i] = fork()))
			run(count, text);
	for (int i = 0; i < LINES; i++) {
		CHECK(waitpid(pids[i], &status, 0) == pids[i], "waitpid");
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 23, "line %d: %#x", i, status);
	}
	for (int i = 0; i < EACH; i++) {
		pid_t pid = fork();
		if (!pid)
			run("0", "1");
		CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 23, "exec %d: %#x", i, status);
	}
	/* A failed exec leaves its caller whole. */
	CHECK(execl("/nowhere", "x", NULL) == -1 && errno == ENOENT, "exec of nothing");
	CHECK(execl("/", "x", NULL) == -1 && errno == EACCES, "exec of a directory");
	return 0;
}
