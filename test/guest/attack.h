/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the attacks share. An attack is a numbered attempt, made by an unprivileged child that is
 * expected to die often. The parent starts a new child behind each attempt that ended one, kills
 * those that hang, and fails if an attempt got what its kernel did not give it.
 */
#ifndef ATTACK_H
#define ATTACK_H
#include "check.h"
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <sys/syscall.h>
#include <sys/time.h>

/* Where Lodger keeps its stub and its slot in every address space (docs/architecture.md). */
#define STUB		0x750000000000UL
#define STUB_END	0x750000030000UL
#define HOST_VDSO	0x7a0000010000UL
#define HOST_TIME_END	0x7a0000020000UL
#define WINDOW		0x700000000000UL	/* the kernel's, then the host's */
#define WINDOW_END	0x800000000000UL
#define HOLE		0x234567000000UL	/* nothing is ever mapped here */
#define NOBODY		65534

struct campaign {
	volatile long next, deaths, hangs, survived;
	volatile int breached;
	char breach[200];
};

static struct campaign *campaign;
static sigjmp_buf rescue;
static siginfo_t rescue_info;
static volatile long stuck_at;
static long stride = 1;		/* only every so many attempts are made */
static long alarm_us;		/* longer where processes are slow to start: in an emulator */

#define BREACH(...) do {							\
	snprintf(campaign->breach, sizeof(campaign->breach), __VA_ARGS__);	\
	campaign->breached = 1;							\
	_exit(3);								\
} while (0)

/* Raw, so that it needs neither errno nor a sane FS base. */
static inline long raw(long nr, long a, long b, long c)
{
	long r;

	asm volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return r;
}

static inline void to_rescue(int signo, siginfo_t *info, void *context)
{
	if (signo == SIGALRM && stuck_at != campaign->next) {
		stuck_at = campaign->next;	/* it moved since the last alarm */
		return;
	}
	rescue_info = *info;
	siglongjmp(rescue, 1);
}

/* Is there memory that can be read (written)? A fault is the expected answer. */
static inline int readable(uintptr_t at)
{
	if (sigsetjmp(rescue, 0))
		return 0;
	asm volatile("movb (%0), %%al" :: "r"(at) : "rax", "memory");
	return 1;
}

static inline int writable(uintptr_t at)
{
	if (sigsetjmp(rescue, 0))
		return 0;
	asm volatile("lock orb $0, (%0)" :: "r"(at) : "memory");
	return 1;
}

/* Does the guest kernel itself say that a page is mapped? */
static inline int given(uintptr_t at)
{
	unsigned char vec;

	return raw(SYS_mincore, at & -PAGE, PAGE, (long)&vec) != -ENOMEM;
}

static inline void become_attacker(void)
{
	stack_t ss = { .ss_sp = map_anonymous(16 * PAGE, PROT_READ | PROT_WRITE), .ss_size = 16 * PAGE };
	int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGALRM };
	struct itimerval alarm = { { 0, alarm_us }, { 0, alarm_us } };

	setpgid(0, 0);
	if (!geteuid()) {
		setgroups(0, NULL);
		CHECK(!setgid(NOBODY) && !setuid(NOBODY), "drop privileges");
	}
	sigaltstack(&ss, NULL);
	for (unsigned int i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		on_signal(signals[i], to_rescue, SA_ONSTACK | SA_NODEFER);
	setitimer(ITIMER_REAL, &alarm, NULL);
}

static inline void attacker(long attempts, void (*attempt)(long))
{
	/* An alarm may come before the attempt's own place to come back to, which is the parent's then. */
	if (!sigsetjmp(rescue, 0))
		become_attacker();
	while (campaign->next < attempts) {
		if (sigsetjmp(rescue, 0))
			continue;
		if (campaign->breached)		/* in a process of an attempt's own */
			break;
		long i = campaign->next++;
		attempt(i * stride);
		campaign->survived++;
	}
	_exit(0);
}

/* Ends one attacker and all that it may have started; each must go at once. */
static inline void end_attacker(pid_t pid)
{
	int64_t start = now_ns(CLOCK_MONOTONIC);
	pid_t gone;

	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while ((gone = waitpid(-pid, NULL, WNOHANG)) >= 0) {
		if (!gone)
			usleep(200);
		CHECK(now_ns(CLOCK_MONOTONIC) - start < 2000000000LL, "attempt %ld can not be killed",
		      campaign->next - 1);
	}
}

/* How often to look whether an attempt is stuck: a multiple of what a child costs. */
static inline void choose_alarm(void)
{
	int64_t start = now_ns(CLOCK_MONOTONIC);
	pid_t pid = fork();

	CHECK(pid >= 0, "fork");
	if (!pid)
		_exit(0);
	reap_good(pid);
	alarm_us = (now_ns(CLOCK_MONOTONIC) - start) / 500;
	if (alarm_us < 8000)
		alarm_us = 8000;
	if (alarm_us > 50000)
		alarm_us = 50000;
}

static inline void run_campaign(const char *what, long attempts, void (*attempt)(long))
{
	sigset_t child;
	struct timespec patience;

	attempts = (attempts + stride - 1) / stride;
	if (!alarm_us)
		choose_alarm();
	patience = (struct timespec){ 0, 18750L * alarm_us };
	campaign = map_shared(PAGE);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	while (campaign->next < attempts) {
		pid_t pid = fork();
		CHECK(pid >= 0, "fork");
		if (!pid) {
			sigprocmask(SIG_UNBLOCK, &child, NULL);
			attacker(attempts, attempt);
		}
		setpgid(pid, pid);
		long seen;
		int ended = 0;
		do {
			seen = campaign->next;
			ended = sigtimedwait(&child, NULL, &patience) == SIGCHLD;
		} while (!ended && seen != campaign->next && seen <= attempts);
		int before = campaign->next < attempts;
		end_attacker(pid);
		while (sigtimedwait(&child, NULL, &(struct timespec){ 0, 0 }) == SIGCHLD)
			;
		campaign->hangs += !ended;
		campaign->deaths += ended && before;
		CHECK(!campaign->breached, "%s: attempt %ld: %s", what, campaign->next - 1,
		      campaign->breach);
	}
	printf("%s: %ld attempts, %ld went on, %ld children died, %ld hung and were killed\n", what,
	       attempts, campaign->survived, campaign->deaths, campaign->hangs);
	fflush(stdout);
}

/* Another process whose memory must not change, whatever the attackers do. */
static pid_t canary_pid;
static int canary_ask;

static inline void start_canary(void)
{
	int ask[2];

	CHECK(!pipe(ask), "pipe");
	canary_pid = fork();
	CHECK(canary_pid >= 0, "fork");
	if (!canary_pid) {
		uint64_t *secret = map_anonymous(64 * PAGE, PROT_READ | PROT_WRITE);
		char c;
		for (unsigned long i = 0; i < 64 * PAGE / 8; i++)
			secret[i] = i * 0x9e3779b97f4a7c15UL;
		close(ask[1]);
		CHECK(read(ask[0], &c, 1) == 0, "read");
		for (unsigned long i = 0; i < 64 * PAGE / 8; i++)
			CHECK(secret[i] == i * 0x9e3779b97f4a7c15UL, "the canary's word %lu changed", i);
		_exit(0);
	}
	close(ask[0]);
	canary_ask = ask[1];
	fcntl(canary_ask, F_SETFD, FD_CLOEXEC);
}

static inline void check_canary(void)
{
	close(canary_ask);
	reap_good(canary_pid);
}
#define TAINT_DIE 7

/* Whether an attack has made the guest's kernel fault, now or before. */
static inline int kernel_oopsed(void)
{
	char text[32] = "";
	int fd = open("/proc/sys/kernel/tainted", O_RDONLY);

	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0, "/proc/sys/kernel/tainted");
	close(fd);
	return atol(text) >> TAINT_DIE & 1;
}

#endif
