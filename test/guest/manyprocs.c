/* SPDX-License-Identifier: Apache-2.0 */
/* 2,000 processes alive at once, each with memory of its own; all answer, all end. */
#include "check.h"
#include <sys/resource.h>

#define PROCESSES 2000

int main(void)
{
	static pid_t pids[PROCESSES];
	static uint64_t private_word;
	volatile uint64_t *answers = map_shared(PROCESSES * 8);
	struct rlimit limit = { 4096, 4096 };
	int go[2], up[2];
	char c;

	setrlimit(RLIMIT_NPROC, &limit);
	CHECK(!pipe(go) && !pipe(up), "pipe");
	for (int i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		CHECK(pids[i] >= 0, "fork %d", i);
		if (!pids[i]) {
			close(go[1]);
			private_word = i * 1000003ULL;
			CHECK(write(up[1], "x", 1) == 1, "write");
			CHECK(read(go[0], &c, 1) == 0, "read");	/* until all are here */
			answers[i] = private_word;
			_exit(i % 200);
		}
	}
	for (int i = 0; i < PROCESSES; i++)
		CHECK(read(up[0], &c, 1) == 1, "read");
	CHECK(private_word == 0, "a child's store is seen here");
	close(go[1]);
	for (int i = 0; i < PROCESSES; i++) {
		int status;
		CHECK(waitpid(pids[i], &status, 0) == pids[i], "waitpid");
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == i % 200, "process %d: %#x", i, status);
		CHECK(answers[i] == i * 1000003ULL, "process %d answered %lu", i, (long)answers[i]);
	}
	return 0;
}
