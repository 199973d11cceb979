// SPDX-License-Identifier: Apache-2.0
/*
 * usage: vsock connect PORT    stdin goes to that port of the host, what comes back to stdout
 *        vsock listen PORT     takes one connection, and is then the same
 *        vsock echo PORT N     sends N connections back what they say, all at the same time
 *        vsock refused PORT    is right if nobody on the host listens there
 */
#include "check.h"
#include <poll.h>
#include <sys/socket.h>
#include <linux/vm_sockets.h>

static struct sockaddr_vm address(unsigned int cid, const char *port)
{
	return (struct sockaddr_vm){
		.svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = strtoul(port, NULL, 0),
	};
}

static int new_socket(void)
{
	int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
	if (fd < 0)
		SKIP("this kernel has no vsock");
	return fd;
}

static int listen_at(const char *port)
{
	struct sockaddr_vm here = address(VMADDR_CID_ANY, port);
	int fd = new_socket();
	CHECK(bind(fd, (void *)&here, sizeof(here)) == 0, "bind to port %s", port);
	CHECK(listen(fd, 128) == 0, "listen");
	fputs("listening\n", stderr);
	return fd;
}

static void write_all(int fd, const char *bytes, ssize_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);
		CHECK(done > 0, "write of %zd bytes", n);
		bytes += done;
		n -= done;
	}
}

/* Until both sides have said that they are done. */
static void relay(int fd)
{
	static char buffer[1 << 16];
	struct pollfd p[2] = { { .fd = 0, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	while (p[0].fd >= 0 || p[1].fd >= 0) {
		CHECK(poll(p, 2, -1) > 0, "poll");
		for (int i = 0; i < 2; i++) {
			if (p[i].fd < 0 || !p[i].revents)
				continue;
			ssize_t n = read(p[i].fd, buffer, sizeof(buffer));
			CHECK(n >= 0, "read from %s", i ? "the socket" : "stdin");
			write_all(i ? 1 : fd, buffer, n);
			if (n)
				continue;
			p[i].fd = -1;
			if (!i)
				CHECK(shutdown(fd, SHUT_WR) == 0, "shutdown");
		}
	}
	CHECK(close(fd) == 0, "close");
}

static void echo(int fd)
{
	char buffer[1 << 16];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		write_all(fd, buffer, n);
	CHECK(n == 0, "read");
}

int main(int argc, char **argv)
{
	CHECK(argc >= 3, "usage: vsock connect|listen|echo|refused PORT [N]");
	struct sockaddr_vm host = address(VMADDR_CID_HOST, argv[2]);

	if (!strcmp(argv[1], "connect")) {
		int fd = new_socket();
		CHECK(connect(fd, (void *)&host, sizeof(host)) == 0, "connect to port %s", argv[2]);
		relay(fd);
	} else if (!strcmp(argv[1], "refused")) {
		CHECK(connect(new_socket(), (void *)&host, sizeof(host)) < 0, "connect");
		CHECK(errno == ECONNRESET || errno == ECONNREFUSED, "connect");
	} else if (!strcmp(argv[1], "listen")) {
		int fd = accept(listen_at(argv[2]), NULL, NULL);
		CHECK(fd >= 0, "accept");
		relay(fd);
	} else {
		int all = listen_at(argv[2]), n = argc > 3 ? atoi(argv[3]) : 1;
		for (int i = 0; i < n; i++) {
			int fd = accept(all, NULL, NULL);
			CHECK(fd >= 0, "accept");
			pid_t pid = fork();
			CHECK(pid >= 0, "fork");
			if (!pid) {
				echo(fd);
				return 0;
			}
			close(fd);
		}
		for (int i = 0, status; i < n; i++)
			CHECK(wait(&status) > 0 && status == 0, "a child ended with %#x", status);
	}
	return 0;
}
