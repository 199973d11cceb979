/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void become(const struct command *command, int in, int out, int error)
{
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(in, 0);
	dup2(out, 1);
	dup2(error, 2);

	clearenv();
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("TERM", "dumb", 1);
	for (char **pair = command->environment; *pair; pair++)
		putenv(*pair);

	if (command->directory[0] && chdir(command->directory))
		fprintf(stderr, "lodger: %s: %s\n", command->directory, strerror(errno));
	else {
		execvp(command->arguments[0], command->arguments);
		fprintf(stderr, "lodger: %s: %s\n", command->arguments[0],
			errno == ENOENT ? "command not found" : strerror(errno));
		if (errno == ENOENT)
			_exit(127);
	}
	_exit(126);
}

/* Ours must not block, and must not be the command's. */
static int our_end(int fd)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

bool process_start(struct process *process, const struct command *command)
{
	int in[2], out[2], error[2];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(error, O_CLOEXEC))
		return false;
	process->pid = fork();
	if (process->pid < 0)
		return false;
	if (process->pid == 0)
		become(command, in[0], out[1], error[1]);
	close(in[0]);
	close(out[1]);
	close(error[1]);
	process->stdin_to = our_end(in[1]);
	process->stdout_from = our_end(out[0]);
	process->stderr_from = our_end(error[0]);
	return true;
}
