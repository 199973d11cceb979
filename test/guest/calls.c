/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls that a program makes again and again: where they become jumps, nobody may notice.
 * Code that the program writes itself, so that it is known to the byte.
 */
#include "check.h"
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>

#define OFTEN 200
#define RX (PROT_READ | PROT_EXEC)
#define RW (PROT_READ | PROT_WRITE)

typedef long (*call_t)(void);

/* mov $nr, %eax; syscall; ret */
static size_t write_call(uint8_t *at, uint32_t nr)
{
	const uint8_t code[] = { 0xb8, nr, nr >> 8, nr >> 16, nr >> 24, 0x0f, 0x05, 0xc3 };

	memcpy(at, code, sizeof(code));
	return sizeof(code);
}

static void allow(uint8_t *page, size_t len, int prot)
{
	CHECK(!mprotect(page, len, prot), "mprotect");
}

static void often(uint8_t *code, long want, const char *what)
{
	for (int i = 0; i < OFTEN; i++) {
		long is = ((call_t)code)();

		CHECK(is == want, "%s: call %d gave %ld, want %ld", what, i, is, want);
	}
}

/* At every place, also across a page's end. */
static void places(void)
{
	uint8_t *pages = map_anonymous(3 * PAGE, RW), *at;

	for (int n = -12; n <= 12; n++) {
		allow(pages, 3 * PAGE, RW);
		memset(pages, 0xcc, 3 * PAGE);
		at = pages + PAGE + n;
		write_call(at, SYS_getppid);
		allow(pages, 3 * PAGE, RX);
		often(at, getppid(), "place");
		/* The syscall itself, with another number. */
		long is;
		for (int i = 0; i < OFTEN; i++) {
			asm volatile("call *%1" : "=a"(is) : "r"(at + 5), "0"(SYS_getpid) : "rcx", "r11", "memory");
			CHECK(is == getpid(), "the syscall itself gave %ld", is);
		}
		often(at, getppid(), "place, again");
	}
	munmap(pages, 3 * PAGE);
}

/* What the program reads, by whatever way, is what it has written; and it executes what it writes. */
static void contents(void)
{
	uint8_t *page = map_anonymous(PAGE, RW), was[PAGE], is[PAGE];
	int mem = open("/proc/self/mem", O_RDWR);

	for (int i = 0; i < 40; i++)
		write_call(page + 100 * i, SYS_getppid);
	memcpy(was, page, PAGE);
	allow(page, PAGE, RX);
	for (int i = 0; i < 20; i++)
		often(page + 100 * i, getppid(), "contents");
	CHECK(pread(mem, is, PAGE, (off_t)page) == PAGE, "/proc/self/mem");
	CHECK(!memcmp(is, was, PAGE), "/proc/self/mem shows other code");
	for (int i = 0; i < 20; i++)
		often(page + 100 * i, getppid(), "contents");
	CHECK(!memcmp(page, was, PAGE), "the program reads other code");
	for (int i = 0; i < 40; i++)
		often(page + 100 * i, getppid(), "contents, once read");
	CHECK(!memcmp(page, was, PAGE), "the program reads other code");

	uint8_t number[] = { SYS_getpid };
	CHECK(pwrite(mem, number, 1, (off_t)page + 1) == 1, "/proc/self/mem");
	often(page, getpid(), "written by /proc/self/mem");
	allow(page, PAGE, RW);
	write_call(page, SYS_getuid);
	allow(page, PAGE, RX);
	often(page, getuid(), "written anew");
	often(page + 100, getppid(), "beside it");
	munmap(page, PAGE);
	close(mem);
}

/* One page of a file, executed at several addresses. */
static void twice(void)
{
	uint8_t code[PAGE] = { 0 };
	char name[] = "/tmp/calls-XXXXXX";
	int fd = mkstemp(name);
	uint8_t *at[3];

	write_call(code + 64, SYS_getppid);
	CHECK(write(fd, code, PAGE) == PAGE, "write");
	for (int i = 0; i < 3; i++)
		at[i] = mmap(i ? NULL : (void *)0x20000000, PAGE, RX, MAP_PRIVATE, fd, 0);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 3; i++)
			often(at[i] + 64, getppid(), "mapped twice");
	CHECK(lseek(fd, 0, SEEK_SET) == 0, "lseek");
	uint8_t is[PAGE];
	CHECK(read(fd, is, PAGE) == PAGE && !memcmp(is, code, PAGE), "the file has changed");
	munmap(at[1], PAGE);
	often(at[2] + 64, getppid(), "the other is gone");
	unlink(name);
	close(fd);
}

static void children(void)
{
	uint8_t *page = map_anonymous(PAGE, RW);

	write_call(page, SYS_getppid);
	write_call(page + 16, SYS_fork);
	allow(page, PAGE, RX);
	often(page, getppid(), "parent");
	for (int i = 0; i < 20; i++) {
		pid_t self = getpid(), pid = ((call_t)page + 16)();

		if (!pid) {
			often(page, self, "child");
			_exit(0);
		}
		CHECK(pid > 0, "fork gave %d", pid);
		reap_good(pid);
	}
	munmap(page, PAGE);
}

static uint8_t *hot;
static volatile int ticks, outside;

static void tick(int signo, siginfo_t *info, void *context)
{
	uint8_t *ip = (uint8_t *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	ticks++;
	/* In the program's own code, or the host's vDSO where it reads the clock: no trampoline shows. */
	if (((uint8_t *)0x12000 > ip || ip >= (uint8_t *)0x700000000000) &&
	    (uintptr_t)ip >> 16 != 0x7a0000010000 >> 16)
		outside++;
}

static void signals(void)
{
	struct itimerval every = { { 0, 500 }, { 0, 500 } }, never = { 0 };

	hot = map_anonymous(PAGE, RW);
	write_call(hot, SYS_getppid);
	allow(hot, PAGE, RX);
	on_signal(SIGALRM, tick, SA_RESTART);
	setitimer(ITIMER_REAL, &every, NULL);
	for (int64_t end = now_ns(CLOCK_MONOTONIC) + 2000000000; now_ns(CLOCK_MONOTONIC) < end;)
		often(hot, getppid(), "under signals");
	setitimer(ITIMER_REAL, &never, NULL);
	CHECK(ticks > 50 && !outside, "%d signals, %d of them in code of nobody's", ticks, outside);
}

/* A call that a signal interrupts is made again, from its syscall instruction. */
static void restarts(void)
{
	uint8_t *page = map_anonymous(PAGE, RW);
	int ends[2];
	char c;

	CHECK(!pipe(ends), "pipe");
	write_call(page, SYS_read);
	allow(page, PAGE, RX);
	for (int i = 0; i < 30; i++) {
		pid_t parent = getpid(), pid = fork();

		if (!pid) {
			usleep(1000);
			kill(parent, SIGALRM);
			usleep(1000);
			_exit(write(ends[1], "x", 1) == 1 ? 0 : 1);
		}
		long got = ((long (*)(int, void *, long))page)(ends[0], &c, 1);
		CHECK(got == 1, "read gave %ld", got);
		reap_good(pid);
	}
	munmap(page, PAGE);
}

/* A debugger sees every instruction, and no other. */
static void stepped(void)
{
	uint8_t *page = map_anonymous(PAGE, RW);
	struct user_regs_struct regs;
	int status, inside = 0;

	write_call(page, SYS_getppid);
	allow(page, PAGE, RX);
	pid_t pid = fork();
	if (!pid) {
		CHECK(!ptrace(PTRACE_TRACEME), "TRACEME");
		often(page, getppid(), "traced");
		raise(SIGSTOP);
		often(page, getppid(), "stepped");
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "no stop: %#x", status);
	for (int i = 0; i < 1500; i++) {
		CHECK(!ptrace(PTRACE_SINGLESTEP, pid, 0, 0), "SINGLESTEP");
		CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "no step: %#x", status);
		CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &regs), "GETREGS");
		size_t at = regs.rip - (uintptr_t)page;
		if (at < PAGE) {
			CHECK(at == 0 || at == 5 || at == 7, "a step to byte %zu", at);
			inside++;
		}
	}
	CHECK(inside > 100, "%d steps in the page", inside);
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0), "CONT");
	reap_good(pid);
	munmap(page, PAGE);
}

/* Whoever is not there to be noticed leaves the lowest addresses to the program, too. */
static void low(void)
{
	FILE *f = fopen("/proc/sys/vm/mmap_min_addr", "w");
	uint8_t *page;

	if (!f)
		return;
	fputs("65536", f);
	fclose(f);
	page = mmap((void *)0x10000, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	CHECK(page == (void *)0x10000, "mmap at 64 KiB");
	write_call(page, SYS_getppid);
	allow(page, PAGE, RX);
	often(page, getppid(), "low");
}

static void libc(void)
{
	for (int i = 0; i < 5000; i++) {
		CHECK(syscall(SYS_getppid) == getppid(), "syscall()");
		/* The last argument of six is on the stack. */
		CHECK(syscall(SYS_mmap, 0, PAGE, RW, MAP_PRIVATE, -1, 0) == -1 && errno == EBADF, "no file");
		CHECK(syscall(SYS_mmap, 0, PAGE, RW, MAP_PRIVATE, -1, 1) == -1 && errno == EINVAL, "bad offset");
	}
}

int main(void)
{
	libc();
	places();
	contents();
	twice();
	children();
	signals();
	restarts();
	stepped();
	CHECK(in_child(low) == 0, "low");
	return 0;
}
