/* SPDX-License-Identifier: Apache-2.0 */
/* Two processes that talk: latency, throughput, and switches between working sets. */
#include "micro.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int to = -1, from = -1;
static pid_t other;
static char buf[64 * 1024];

static void close_both(void)
{
	close(to);
	if (from != to)
		close(from);
	waitpid(other, NULL, 0);
}

/* The child answers each byte until it hears no more. */
static void answer(int in, int out)
{
	char c;

	while (read(in, &c, 1) == 1)
		must(write(out, &c, 1) == 1, "write");
	_exit(0);
}

static void ping_pong(long n)
{
	char c = 0;

	while (n--)
		must(write(to, &c, 1) == 1 && read(from, &c, 1) == 1, "ping");
}

static void open_pipes(long arg)
{
	int there[2], back[2];

	(void)arg;
	must(!pipe(there) && !pipe(back), "pipe");
	other = fork();
	if (!other) {
		close(there[1]);
		answer(there[0], back[1]);
	}
	close(there[0]);
	close(back[1]);
	to = there[1];
	from = back[0];
}

static void open_sockets(long arg)
{
	int p[2];

	(void)arg;
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, p), "socketpair");
	other = fork();
	if (!other) {
		close(p[0]);
		answer(p[1], p[1]);
	}
	close(p[1]);
	to = from = p[0];
}

/* Each side walks over its own memory before it answers. */
static volatile char *set;
static size_t set_len;

static void walk(void)
{
	for (size_t at = 0; at < set_len; at += 64)
		set[at]++;
}

static void open_sets(long kib)
{
	int p[2];
	char c;

	set_len = kib * KIB;
	set = anonymous(set_len + PAGE);
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, p), "socketpair");
	other = fork();
	if (!other) {
		close(p[0]);
		while (read(p[1], &c, 1) == 1) {
			walk();
			must(write(p[1], &c, 1) == 1, "write");
		}
		_exit(0);
	}
	close(p[1]);
	to = from = p[0];
}

static void close_sets(void)
{
	close_both();
	munmap((void *)set, set_len + PAGE);
}

static void switch_sets(long n)
{
	while (n--) {
		walk();
		ping_pong(1);
	}
}

static void open_stream(long arg)
{
	int p[2];

	(void)arg;
	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, p), "socketpair");
	other = fork();
	if (!other) {
		char c;

		close(p[0]);
		for (;;) {
			/* A MiB, then a byte back: the batch ends when all of it has arrived. */
			for (size_t got = 0; got < MIB;) {
				ssize_t k = read(p[1], buf, sizeof(buf));

				if (k <= 0)
					_exit(0);
				got += k;
			}
			c = 1;
			must(write(p[1], &c, 1) == 1, "write");
		}
	}
	close(p[1]);
	to = from = p[0];
}

static void stream(long n)
{
	char c;

	while (n--) {
		for (size_t left = MIB; left; left -= sizeof(buf))
			must(write(to, buf, sizeof(buf)) == sizeof(buf), "write");
		must(read(from, &c, 1) == 1, "read");
	}
}

const struct row message_rows[] = {
	{ "pipe-ping-pong", ping_pong, NS, -1, open_pipes, close_both },
	{ "socket-ping-pong", ping_pong, NS, -1, open_sockets, close_both },
	{ "context-switches", switch_sets, NS, 4, open_sets, close_sets },
	{ "context-switches", switch_sets, NS, 64, open_sets, close_sets },
	{ "context-switches", switch_sets, NS, 512, open_sets, close_sets },
	{ "context-switches", switch_sets, NS, 4096, open_sets, close_sets },
	{ "unix-stream", stream, MB_PER_S, -1, open_stream, close_both },
	{ NULL },
};

static struct sockaddr_in here;
static int listener = -1;

static void listen_here(void)
{
	socklen_t len = sizeof(here);

	here.sin_family = AF_INET;
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	here.sin_port = 0;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	must(listener >= 0 && !bind(listener, (struct sockaddr *)&here, sizeof(here)) &&
	     !listen(listener, 64) && !getsockname(listener, (struct sockaddr *)&here, &len),
	     "listen on 127.0.0.1");
}

static int connect_here(void)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	must(fd >= 0 && !connect(fd, (struct sockaddr *)&here, sizeof(here)), "connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void open_tcp(long arg)
{
	(void)arg;
	listen_here();
	other = fork();
	if (!other) {
		int one = 1, fd = accept(listener, NULL, NULL);

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		answer(fd, fd);
	}
	to = from = connect_here();
	close(listener);
}

static void open_acceptor(long arg)
{
	(void)arg;
	listen_here();
	other = fork();
	if (!other) {
		for (;;) {
			char c = 0;
			int fd = accept(listener, NULL, NULL);

			/* A client that sends something wants us to end. */
			if (fd < 0 || read(fd, &c, 1) != 0)
				_exit(0);
			close(fd);
		}
	}
	close(listener);
}

static void close_acceptor(void)
{
	to = from = connect_here();
	must(write(to, "", 1) == 1, "write");
	close_both();
}

/* A reset, not a wait, then frees the port here. */
static void connect_close(long n)
{
	struct linger reset = { 1, 0 };
	char c;

	while (n--) {
		int fd = connect_here();

		shutdown(fd, SHUT_WR);
		must(read(fd, &c, 1) == 0, "read");
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(fd);
	}
}

static void open_udp(long arg)
{
	int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in bt = at;
	socklen_t len = sizeof(at);

	(void)arg;
	must(!bind(a, (struct sockaddr *)&at, len) && !getsockname(a, (struct sockaddr *)&at, &len) &&
	     !bind(b, (struct sockaddr *)&bt, len) && !getsockname(b, (struct sockaddr *)&bt, &len) &&
	     !connect(a, (struct sockaddr *)&bt, len) && !connect(b, (struct sockaddr *)&at, len),
	     "udp");
	other = fork();
	if (!other) {
		char c;

		/* Nobody closes a datagram socket at us: an empty datagram is the end. */
		while (read(b, &c, 1) == 1)
			must(write(b, &c, 1) == 1, "write");
		_exit(0);
	}
	close(b);
	to = from = a;
}

static void close_udp(void)
{
	send(to, "", 0, 0);
	close_both();
}

const struct row net_rows[] = {
	{ "tcp-request-response", ping_pong, NS, -1, open_tcp, close_both },
	{ "udp-request-response", ping_pong, NS, -1, open_udp, close_udp },
	{ "tcp-connect-close", connect_close, NS, -1, open_acceptor, close_acceptor },
	{ NULL },
};
