/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What has come of the current message, its length word first. */
static char *buffer;
static size_t have;

static ssize_t take(int control, size_t want)
{
	char *room = realloc(buffer, want + 1);
	ssize_t n;

	if (!room)
		return -1;
	buffer = room;
	n = read(control, buffer + have, want - have);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	have += (size_t)n;
	return n;
}

enum receipt message_receive(int control, struct message *message)
{
	uint32_t length;

	while (have < sizeof length) {
		ssize_t n = take(control, sizeof length);
		if (n <= 0)
			return n < 0 ? RECEIPT_BROKEN : RECEIPT_NONE;
	}
	memcpy(&length, buffer, sizeof length);
	length = le32toh(length);
	if (length == 0 || length > MESSAGE_MAX)
		return RECEIPT_BROKEN;
	while (have < sizeof length + length) {
		ssize_t n = take(control, sizeof length + length);
		if (n <= 0)
			return n < 0 ? RECEIPT_BROKEN : RECEIPT_NONE;
	}
	message->next = buffer + sizeof length;
	message->end = message->next + length;
	*message->end = 0; /* take() keeps a byte for it */
	have = 0;
	return RECEIPT_MESSAGE;
}

char *message_string(struct message *message)
{
	char *string = message->next;

	if (string >= message->end)
		return message->end;
	message->next += strlen(string) + 1;
	return string;
}

uint64_t message_number(struct message *message)
{
	return strtoull(message_string(message), NULL, 10);
}

char **message_strings(struct message *message)
{
	uint64_t count = message_number(message);
	char **strings;

	if (count > MESSAGE_MAX)
		return NULL;
	strings = calloc(count + 1, sizeof *strings);
	for (uint64_t i = 0; strings && i < count; i++) {
		if (message->next >= message->end)
			return NULL;
		strings[i] = message_string(message);
	}
	return strings;
}

void message_send(int control, const char *format, ...)
{
	struct pollfd wait = {.fd = control, .events = POLLOUT};
	char text[512];
	uint32_t length;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(text + sizeof length, sizeof text - sizeof length, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= sizeof text - sizeof length)
		n = (int)(sizeof text - sizeof length) - 1;
	length = htole32((uint32_t)n + 1);
	memcpy(text, &length, sizeof length);
	size_t size = sizeof length + (size_t)n + 1;
	for (size_t sent = 0; sent < size;) {
		ssize_t wrote = write(control, text + sent, size - sent);
		if (wrote > 0)
			sent += (size_t)wrote;
		else if (errno != EAGAIN && errno != EINTR)
			return;
		else
			poll(&wait, 1, -1);
	}
}
