/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Micro-benchmarks, the same static program everywhere. Each row is the median of several batches.
 *
 *	micro [row...]		prints "ROW name value" lines; ns, unless the name says otherwise
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define BATCHES 5
#define MIB (1UL << 20)

static void must(int good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

static double now(void)
{
	struct timespec t;

	/* Raw, so that a clock without vDSO costs every row the same little. */
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void *anonymous(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED, "mmap");
	return p;
}

static void getppid_(long n)
{
	while (n--)
		syscall(SYS_getppid);
}

static void clock_(long n)
{
	struct timespec t;

	while (n--)
		clock_gettime(CLOCK_MONOTONIC, &t);
}

static void fresh_page(long n)
{
	char *p = anonymous(n * PAGE);

	madvise(p, n * PAGE, MADV_NOHUGEPAGE);
	for (long i = 0; i < n; i++)
		p[i * PAGE] = 1;
	munmap(p, n * PAGE);
}

static void protect_pair(long n)
{
	static volatile char *p;

	if (!p)
		p = anonymous(PAGE);
	while (n--) {
		mprotect((void *)p, PAGE, PROT_READ);
		mprotect((void *)p, PAGE, PROT_READ | PROT_WRITE);
		p[0] = 1;
	}
}

static void map_touch_unmap(long n)
{
	while (n--) {
		char *p = anonymous(16 * PAGE);
		p[0] = 1;
		p[8 * PAGE] = 1;
		munmap(p, 16 * PAGE);
	}
}

static volatile int handled;

static void handler(int signo)
{
	handled += signo;
}

static void signal_self(long n)
{
	signal(SIGUSR1, handler);
	while (n--)
		kill(getpid(), SIGUSR1);
}

static void pipe_ping_pong(long n)
{
	int to[2], from[2];
	char c = 0;

	must(!pipe(to) && !pipe(from), "pipe");
	pid_t pid = fork();
	if (!pid) {
		close(to[1]);
		while (read(to[0], &c, 1) == 1)
			must(write(from[1], &c, 1) == 1, "write");
		_exit(0);
	}
	while (n--)
		must(write(to[1], &c, 1) == 1 && read(from[0], &c, 1) == 1, "ping");
	close(to[0]);
	close(to[1]);
	close(from[0]);
	close(from[1]);
	waitpid(pid, NULL, 0);
}

static void fork_exit_wait(long n)
{
	while (n--) {
		pid_t pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static char *self;

static void fork_exec_wait(long n)
{
	while (n--) {
		pid_t pid = fork();
		if (!pid) {
			execl(self, self, "nothing", NULL);
			_exit(1);
		}
		int status;
		waitpid(pid, &status, 0);
		must(status == 0, "exec");
	}
}

static void *thread(void *arg)
{
	return arg;
}

static void thread_create_join(long n)
{
	while (n--) {
		pthread_t t;
		must(!pthread_create(&t, NULL, thread, NULL), "thread");
		pthread_join(t, NULL);
	}
}

/* On a tmpfs, wherever that is. */
static void create_unlink(long n)
{
	while (n--) {
		int fd = open("/dev/shm/micro", O_CREAT | O_RDWR, 0600);
		must(fd >= 0, "/dev/shm");
		close(fd);
		unlink("/dev/shm/micro");
	}
}

/* Units of a MiB: a cached file read again. */
static void file_re_read(long n)
{
	static char buf[128 * 1024];
	static int fd = -1;

	if (fd < 0) {
		fd = open("/dev/shm/micro-file", O_CREAT | O_RDWR | O_TRUNC, 0600);
		must(fd >= 0, "/dev/shm");
		unlink("/dev/shm/micro-file");
		for (int i = 0; i < 64; i++)
			must(write(fd, buf, sizeof(buf)) == sizeof(buf), "write");
	}
	for (size_t bytes = n * MIB, at = 0; at < bytes; at += sizeof(buf))
		must(pread(fd, buf, sizeof(buf), at % (8 * MIB)) == sizeof(buf), "read");
}

static void unix_stream(long n)
{
	static char buf[64 * 1024];
	int p[2];

	must(!socketpair(AF_UNIX, SOCK_STREAM, 0, p), "socketpair");
	pid_t pid = fork();
	if (!pid) {
		close(p[1]);
		while (read(p[0], buf, sizeof(buf)) > 0)
			;
		_exit(0);
	}
	close(p[0]);
	for (size_t left = n * MIB; left; left -= sizeof(buf))
		must(write(p[1], buf, sizeof(buf)) == sizeof(buf), "write");
	close(p[1]);
	waitpid(pid, NULL, 0);
}

/* Pure computing: no system call, little memory. */
static void sieve(long n)
{
	static unsigned char composite[2000000];
	static volatile long primes;

	while (n--) {
		memset(composite, 0, sizeof(composite));
		for (long i = 2; i < 2000000; i++) {
			if (composite[i])
				continue;
			primes++;
			for (long j = i * i; j < 2000000; j += i)
				composite[j] = 1;
		}
	}
}

static void copy(long n)
{
	static char *from, *to;

	if (!from) {
		from = anonymous(32 * MIB);
		to = anonymous(32 * MIB);
		memset(from, 1, 32 * MIB);
		memset(to, 1, 32 * MIB);
	}
	for (; n > 0; n -= 32) {
		memcpy(to, from, 32 * MIB);
		asm volatile("" ::: "memory");
	}
}

enum unit { NS, MIB_PER_S, MS };

static const struct row {
	const char *name;
	void (*run)(long n);
	long n;			/* a batch */
	enum unit unit;
} rows[] = {
	{ "getppid", getppid_, 20000, NS },
	{ "clock_gettime", clock_, 20000, NS },
	{ "fresh-page", fresh_page, 4000, NS },
	{ "mprotect-pair-touch", protect_pair, 3000, NS },
	{ "mmap-touch-munmap", map_touch_unmap, 2000, NS },
	{ "signal-to-self", signal_self, 4000, NS },
	{ "pipe-ping-pong", pipe_ping_pong, 3000, NS },
	{ "fork-exit-wait", fork_exit_wait, 100, NS },
	{ "fork-exec-wait", fork_exec_wait, 40, NS },
	{ "thread-create-join", thread_create_join, 300, NS },
	{ "create-unlink-tmpfs", create_unlink, 2000, NS },
	{ "file-re-read-MB/s", file_re_read, 256, MIB_PER_S },
	{ "unix-stream-MB/s", unix_stream, 128, MIB_PER_S },
	{ "sieve-ms", sieve, 1, MS },
	{ "memcpy-MB/s", copy, 256, MIB_PER_S },
};

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct row *row)
{
	double took[BATCHES];

	row->run(row->n / 10 + 1);	/* warm */
	for (int i = 0; i < BATCHES; i++) {
		double start = now();
		row->run(row->n);
		took[i] = (now() - start) / row->n;
	}
	qsort(took, BATCHES, sizeof(double), ascending);
	double ns = took[BATCHES / 2];
	double value = row->unit == NS ? ns : row->unit == MS ? ns / 1e6 : MIB * 1e3 / ns;
	printf("ROW %s %.1f\n", row->name, value);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "nothing"))
		return 0;
	self = argv[0];
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int wanted = argc == 1;
		for (int j = 1; j < argc; j++)
			wanted |= !strcmp(argv[j], rows[i].name);
		if (wanted)
			measure(&rows[i]);
	}
	return 0;
}
