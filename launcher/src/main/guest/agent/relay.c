/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* One direction: bytes come from one descriptor and go to another through a buffer. */
struct stream {
	int from;
	int to;
	uint64_t passed;
	size_t start;
	size_t end;
	char buffer[32768];
};

static struct stream input, output, error;

static bool has_bytes(const struct stream *s)
{
	return s->start < s->end;
}

static void stop(struct stream *s, int *fd)
{
	close(*fd);
	s->from = s->to = -1;
	s->start = s->end = 0;
}

/* What the stream waits for: to get rid of its bytes, else to get some. */
static struct pollfd wanted(const struct stream *s)
{
	if (has_bytes(s))
		return (struct pollfd){.fd = s->to, .events = POLLOUT};
	return (struct pollfd){.fd = s->from, .events = POLLIN};
}

static bool would_block(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Moves bytes once, as far as it goes. A broken end stops the stream; pipe is the command's end. */
static void move(struct stream *s, int *pipe)
{
	ssize_t n;

	if (!has_bytes(s)) {
		n = read(s->from, s->buffer, sizeof s->buffer);
		if (n == 0 || (n < 0 && !would_block()))
			stop(s, pipe);
		if (n <= 0)
			return;
		s->start = 0;
		s->end = (size_t)n;
	}
	n = write(s->to, s->buffer + s->start, s->end - s->start);
	if (n > 0) {
		s->start += (size_t)n;
		s->passed += (uint64_t)n;
	} else if (n < 0 && !would_block()) {
		stop(s, pipe);
	}
}

static void send_signal(pid_t pid, int signal)
{
	/* It may not have come to setsid() yet. */
	if (kill(-pid, signal) && errno == ESRCH)
		kill(pid, signal);
}

static void reap(pid_t pid, int *status)
{
	pid_t gone;
	int how;

	while ((gone = waitpid(-1, &how, WNOHANG)) > 0)
		if (gone == pid)
			*status = WIFSIGNALED(how) ? 128 + WTERMSIG(how) : WEXITSTATUS(how);
}

struct outcome relay(const struct ports *ports, const struct process *process)
{
	static const struct timespec now;
	uint64_t input_length = UINT64_MAX;
	int status = -1;
	bool idle = false;
	sigset_t all_let_in;

	sigemptyset(&all_let_in);
	input = (struct stream){.from = ports->stdio, .to = process->stdin_to};
	output = (struct stream){.from = process->stdout_from, .to = ports->stdio};
	error = (struct stream){.from = process->stderr_from, .to = ports->error};

	/* After the end of the command its output is what the pipes still hold, and no more. */
	while (status < 0 || !idle) {
		struct pollfd polls[] = {
			wanted(&output), wanted(&error), wanted(&input),
			{.fd = ports->control, .events = POLLIN},
		};
		bool drained = status >= 0 && !has_bytes(&output) && !has_bytes(&error);
		struct message message;
		enum receipt receipt = RECEIPT_NONE;

		idle = ppoll(polls, 4, drained ? &now : NULL, &all_let_in) == 0;
		if (polls[0].revents)
			move(&output, &output.from);
		if (polls[1].revents)
			move(&error, &error.from);
		if (polls[2].revents)
			move(&input, &input.to);
		if (polls[3].revents)
			receipt = message_receive(ports->control, &message);

		if (receipt == RECEIPT_BROKEN || polls[3].revents & POLLHUP) {
			status = 128 + SIGKILL; /* the launcher is gone: nobody will read the rest */
			break;
		}
		if (receipt == RECEIPT_MESSAGE) {
			const char *what = message_string(&message);
			if (!strcmp(what, "signal") && status < 0)
				send_signal(process->pid, (int)message_number(&message));
			else if (!strcmp(what, "stdin-eof"))
				input_length = message_number(&message);
		}
		reap(process->pid, &status);
		if (input.to >= 0 && (status >= 0 || input.passed == input_length))
			stop(&input, &input.to);
	}
	return (struct outcome){status, output.passed, error.passed};
}
