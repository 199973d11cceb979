/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: the guest's first process when it is started for one command. See
 * docs/agent-protocol.md for what it says to the launcher.
 */
#ifndef LODGER_AGENT_H
#define LODGER_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ports {
	int stdio;
	int error;
	int control;
};

/* Waits for the three ports and for the launcher at their other ends. False: they never came. */
bool ports_open(struct ports *ports);

/* Mounts what the kernel's command line calls the root disk, and makes it "/". NULL, or why not. */
const char *root_enter(void);
/* Leaves nothing unwritten: unmounts what can be, makes the rest read-only. */
void root_leave(void);

/* Brings up the loopback, and the cards that ip= words of the kernel's command line are about. */
void network_up(void);

/* A message: strings one after the other, each ended by a NUL. */
struct message {
	char *next;
	char *end;
};

#define MESSAGE_MAX (4 << 20)

enum receipt { RECEIPT_NONE, RECEIPT_MESSAGE, RECEIPT_BROKEN };

/* Takes what the control port has. The message is good until the next call. */
enum receipt message_receive(int control, struct message *message);
/* The next string, or "" when there are no more. */
char *message_string(struct message *message);
uint64_t message_number(struct message *message);
/* Room for that many strings and a NULL, then the strings: an argv. NULL when they are not there. */
char **message_strings(struct message *message);
void message_send(int control, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct command {
	const char *directory;
	char **arguments;
	char **environment;
};

struct process {
	pid_t pid;
	int stdin_to;
	int stdout_from;
	int stderr_from;
};

/* Starts the command in a session of its own. False: no process or pipe could be had. */
bool process_start(struct process *process, const struct command *command);

struct outcome {
	int status;
	uint64_t stdout_bytes;
	uint64_t stderr_bytes;
};

/* Moves bytes and signals until the command has ended and its output is with the launcher. */
struct outcome relay(const struct ports *ports, const struct process *process);

#endif
