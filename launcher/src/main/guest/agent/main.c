/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

static void woken(int signal)
{
	(void)signal;
}

static void kill_everything(void)
{
	kill(-1, SIGKILL);
	alarm(5); /* a process that cannot die must not keep the guest from powering off */
	while (waitpid(-1, NULL, 0) > 0 || errno != ECHILD)
		if (errno == EINTR)
			break;
	alarm(0);
}

/* The first process must never return. */
static _Noreturn void power_off(void)
{
	kill_everything();
	root_leave();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static _Noreturn void give_up(int control, const char *why)
{
	if (control >= 0)
		message_send(control, "failed%c%s", 0, why);
	else
		fprintf(stderr, "lodger agent: %s\n", why);
	power_off();
}

static bool read_command(int control, struct command *command)
{
	struct message message;
	struct pollfd wait = {.fd = control, .events = POLLIN};
	enum receipt receipt;

	while ((receipt = message_receive(control, &message)) == RECEIPT_NONE)
		poll(&wait, 1, -1);
	if (receipt == RECEIPT_BROKEN || strcmp(message_string(&message), "run"))
		return false;
	command->directory = message_string(&message);
	command->arguments = message_strings(&message);
	command->environment = message_strings(&message);
	return command->arguments && command->environment && command->arguments[0];
}

int main(void)
{
	struct sigaction wake = {.sa_handler = woken};
	struct ports ports;
	struct command command;
	struct process process;
	struct outcome outcome;
	const char *problem;

	/* Only relay() lets SIGCHLD in, where it is waited for. */
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	sigaction(SIGCHLD, &wake, NULL);
	sigaction(SIGALRM, &wake, NULL);
	signal(SIGPIPE, SIG_IGN);

	bool open = ports_open(&ports);
	if (!open)
		give_up(-1, "the ports of the launcher did not appear");
	problem = root_enter();
	if (problem)
		give_up(ports.control, problem);
	if (!read_command(ports.control, &command))
		give_up(ports.control, "the first message was not a command to run");
	if (!process_start(&process, &command))
		give_up(ports.control, strerror(errno));
	outcome = relay(&ports, &process);
	message_send(ports.control, "exit%c%d%c%" PRIu64 "%c%" PRIu64, 0, outcome.status, 0,
		     outcome.stdout_bytes, 0, outcome.stderr_bytes);
	power_off();
}
