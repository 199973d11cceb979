/* SPDX-License-Identifier: Apache-2.0 */
/* usage: pingpong PORT | pingpong PORT ADDRESS SECONDS. One byte there and back over TCP; microseconds a turn. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void at_once(int fd)
{
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

static int serve(const struct sockaddr_in *at)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;
	char byte;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(listener, (const void *)at, sizeof(*at)) || listen(listener, 8))
		return perror("pingpong"), 1;
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		at_once(fd);
		while (read(fd, &byte, 1) == 1 && write(fd, &byte, 1) == 1)
			;
		close(fd);
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	int fd, turns = 0;
	double start, seconds;
	char byte = 0;

	if (argc != 2 && argc != 4)
		return 2;
	at.sin_port = htons(atoi(argv[1]));
	if (argc == 2)
		return serve(&at);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (inet_pton(AF_INET, argv[2], &at.sin_addr) != 1 || connect(fd, (void *)&at, sizeof(at)))
		return perror("pingpong"), 1;
	at_once(fd);
	start = now();
	do {
		if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
			return 1;
		turns++;
		seconds = now() - start;
	} while (seconds < atof(argv[3]));
	printf("%.1f\n", 1e6 * seconds / turns);
	return 0;
}
