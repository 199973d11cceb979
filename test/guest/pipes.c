/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes through pipes, sockets and splice arrive whole and in order; ends and limits are told. */
#include "check.h"
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define TOTAL (8UL << 20)

static void stream(int in, int out, size_t chunk)
{
	pid_t pid = fork();
	uint64_t r = 12345;
	static char buf[1 << 17], want[1 << 17];

	CHECK(pid >= 0, "fork");
	if (!pid) {
		close(out);
		size_t have = 0;
		ssize_t n;
		while ((n = read(in, buf, sizeof(buf))) > 0) {
			for (ssize_t i = 0; i < n; i++)
				want[i] = (have + i) * 7 + ((have + i) >> 12);
			CHECK(!memcmp(buf, want, n), "bytes after %zu differ", have);
			have += n;
		}
		CHECK(n == 0 && have == TOTAL, "%zu bytes of %lu", have, TOTAL);
		_exit(0);
	}
	close(in);
	for (size_t done = 0; done < TOTAL; ) {
		size_t len = next_random(&r) % chunk + 1;
		if (len > TOTAL - done)
			len = TOTAL - done;
		for (size_t i = 0; i < len; i++)
			buf[i] = (done + i) * 7 + ((done + i) >> 12);
		for (size_t at = 0; at < len; ) {
			ssize_t n = write(out, buf + at, len - at);
			CHECK(n > 0, "write");
			at += n;
		}
		done += len;
	}
	close(out);
	reap_good(pid);
}

static void limits(void)
{
	int p[2];
	char c = 0;
	size_t filled = 0;

	signal(SIGPIPE, SIG_IGN);
	CHECK(!pipe2(p, O_NONBLOCK), "pipe2");
	CHECK(read(p[0], &c, 1) == -1 && errno == EAGAIN, "an empty pipe");
	while (write(p[1], &c, 1) == 1)
		filled++;
	CHECK(errno == EAGAIN && filled == 65536, "a pipe holds %zu bytes", filled);
	struct pollfd pfd = { p[1], POLLOUT, 0 };
	CHECK(poll(&pfd, 1, 0) == 0, "a full pipe polls writable");
	close(p[0]);
	CHECK(write(p[1], &c, 1) == -1 && errno == EPIPE, "a pipe without a reader");
	close(p[1]);
}

static void epolled(void)
{
	int ep = epoll_create1(0), pipes[32][2];
	struct epoll_event ev;

	CHECK(ep >= 0, "epoll_create1");
	for (int i = 0; i < 32; i++) {
		CHECK(!pipe(pipes[i]), "pipe");
		ev = (struct epoll_event){ .events = EPOLLIN, .data.u32 = i };
		CHECK(!epoll_ctl(ep, EPOLL_CTL_ADD, pipes[i][0], &ev), "epoll_ctl");
	}
	pid_t pid = fork();
	if (!pid) {
		for (int i = 0; i < 320; i++)
			CHECK(write(pipes[i * 7 % 32][1], "x", 1) == 1, "write");
		_exit(0);
	}
	for (int got = 0; got < 320; got++) {
		char c;
		CHECK(epoll_wait(ep, &ev, 1, 5000) == 1, "epoll_wait after %d", got);
		CHECK(read(pipes[ev.data.u32][0], &c, 1) == 1, "read");
	}
	CHECK(epoll_wait(ep, &ev, 1, 0) == 0, "bytes too many");
	reap_good(pid);
}

static void spliced(void)
{
	int from[2], to[2];
	char buf[4096];

	CHECK(!pipe(from) && !pipe(to), "pipe");
	memset(buf, 0x3c, sizeof(buf));
	CHECK(write(from[1], buf, sizeof(buf)) == sizeof(buf), "write");
	CHECK(splice(from[0], NULL, to[1], NULL, sizeof(buf), 0) == sizeof(buf), "splice");
	memset(buf, 0, sizeof(buf));
	CHECK(read(to[0], buf, sizeof(buf)) == sizeof(buf) && buf[4095] == 0x3c, "read");
}

int main(void)
{
	int p[2];

	CHECK(!pipe(p), "pipe");
	stream(p[0], p[1], 100000);
	CHECK(!pipe(p), "pipe");
	stream(p[0], p[1], 5000);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM, 0, p), "socketpair");
	stream(p[0], p[1], 100000);
	limits();
	epolled();
	spliced();
	return 0;
}
