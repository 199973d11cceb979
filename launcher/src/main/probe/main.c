/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_MS 3000

struct question {
	const char *name;
	const char *(*try)(void);
};

static const struct question questions[] = {
	{"seccomp-filter", try_seccomp_filter},
	{"seccomp-notification", try_seccomp_notification},
	{"killable-wait", try_killable_wait},
	{"memfd-exec", try_memfd_exec},
	{"protection-keys", try_protection_keys},
	{"user-dispatch", try_user_dispatch},
	{"signal-stack-key", try_signal_stack_key},
	{"xsave", try_xsave},
	{"fsgsbase", try_fsgsbase},
	{"user-namespace", try_user_namespace},
	{"tap", try_tap},
	{"kvm", try_kvm},
};

static _Noreturn void answer(const struct question *question, int to)
{
	const char *text = question->try();

	_exit(write(to, text, strlen(text)) < 0);
}

/* In a child with a time limit: some of these are known to hang, or to kill who asks. */
static void ask(const struct question *question)
{
	char text[256] = "";
	int pipe_ends[2], status = 0, patience = LIMIT_MS;
	pid_t child, gone = 0;

	if (pipe(pipe_ends) || (child = fork()) < 0) {
		printf("%s=cannot be tried: no process to be had\n", question->name);
		return;
	}
	if (child == 0)
		answer(question, pipe_ends[1]);
	close(pipe_ends[1]);
	while (patience-- && !(gone = waitpid(child, &status, WNOHANG)))
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	if (gone == 0) {
		kill(child, SIGKILL); /* not waited for: it may be stuck beyond the reach of this */
		snprintf(text, sizeof text, "gives no answer in %d s", LIMIT_MS / 1000);
	} else if (WIFSIGNALED(status)) {
		snprintf(text, sizeof text, "kills the process (%s)", strsignal(WTERMSIG(status)));
	} else if (read(pipe_ends[0], text, sizeof text - 1) <= 0) {
		snprintf(text, sizeof text, "gives no answer");
	}
	close(pipe_ends[0]);
	printf("%s=%s\n", question->name, text);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
		ask(&questions[i]);
	printf("signal-stack=%lu\n", getauxval(AT_MINSIGSTKSZ));
	return 0;
}
