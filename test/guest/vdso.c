/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vDSO's clocks: the kernel's own values, at once, without a system call, wherever one is stopped.
 * "vdso watch SECONDS" only reads them.
 */
#include "check.h"
#include <elf.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/klog.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/user.h>
#include <sys/utsname.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif

#define SEC 1000000000LL
#define TASK_SIZE 0x700000000000UL	/* the host's vDSO, which ours calls, is above */

static int (*vdso_clock_gettime)(clockid_t, struct timespec *);
static int (*vdso_gettimeofday)(struct timeval *, void *);
static time_t (*vdso_time)(time_t *);
static long (*vdso_getcpu)(unsigned *, unsigned *, void *);

static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW,
	CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI };
#define NR_CLOCKS (sizeof(clocks) / sizeof(*clocks))

static void *find(const char *name)
{
	void *elf = (void *)getauxval(AT_SYSINFO_EHDR);
	Elf64_Ehdr *header = elf;
	Elf64_Phdr *p = elf + header->e_phoff;
	Elf64_Dyn *dynamic = NULL;
	Elf64_Sym *symbols = NULL;
	uint32_t *hash = NULL;
	char *names = NULL;
	unsigned long base = 0;

	for (int i = 0; i < header->e_phnum; i++)
		if (p[i].p_type == PT_LOAD)
			base = (unsigned long)elf - p[i].p_vaddr;
	for (int i = 0; i < header->e_phnum; i++)
		if (p[i].p_type == PT_DYNAMIC)
			dynamic = (void *)(base + p[i].p_vaddr);
	for (; dynamic->d_tag; dynamic++) {
		void *at = (void *)(base + dynamic->d_un.d_ptr);

		if (dynamic->d_tag == DT_SYMTAB)
			symbols = at;
		else if (dynamic->d_tag == DT_STRTAB)
			names = at;
		else if (dynamic->d_tag == DT_HASH)
			hash = at;
	}
	for (unsigned i = 0; i < hash[1]; i++)
		if (!strcmp(names + symbols[i].st_name, name))
			return (void *)(base + symbols[i].st_value);
	FAIL("the vDSO has no %s", name);
}

static int64_t ns(struct timespec t)
{
	return t.tv_sec * SEC + t.tv_nsec;
}

static int64_t fast(clockid_t clock)
{
	struct timespec t = { -1, -1 };
	int r = vdso_clock_gettime(clock, &t);

	CHECK(!r, "clock %d: %d", clock, r);
	CHECK(t.tv_nsec >= 0 && t.tv_nsec < SEC, "clock %d: %ld ns", clock, t.tv_nsec);
	return ns(t);
}

static int64_t slow(clockid_t clock)
{
	struct timespec t;

	CHECK(!syscall(SYS_clock_gettime, clock, &t), "clock %d", clock);
	return ns(t);
}

/* What the vDSO says lies between what the kernel says before and after. */
static void agree(int rounds)
{
	struct timespec t;

	for (int i = 0; i < rounds; i++) {
		for (unsigned c = 0; c < NR_CLOCKS; c++) {
			int64_t before = slow(clocks[c]), middle = fast(clocks[c]);
			int64_t after = slow(clocks[c]);

			CHECK(before <= middle && middle <= after, "clock %d: %lld, %lld, %lld",
			      clocks[c], (long long)before, (long long)middle, (long long)after);
		}
		int64_t before = slow(CLOCK_REALTIME) / 1000;
		struct timeval tv;
		struct timezone tz = { -1, -1 };
		CHECK(!vdso_gettimeofday(&tv, &tz), "gettimeofday");
		int64_t us = tv.tv_sec * 1000000LL + tv.tv_usec, after = slow(CLOCK_REALTIME) / 1000;
		CHECK(before <= us && us <= after, "gettimeofday: %lld us", (long long)us);
		CHECK(tz.tz_minuteswest == 0 && tz.tz_dsttime == 0, "a time zone");

		before = slow(CLOCK_REALTIME_COARSE) / SEC;
		time_t seconds = 0, same = vdso_time(&seconds);
		after = slow(CLOCK_REALTIME_COARSE) / SEC;
		CHECK(before <= seconds && seconds <= after && seconds == same, "time: %ld", seconds);
	}
	/* Of clocks that it does not know it asks the kernel. */
	CHECK(vdso_clock_gettime(99, &t) == -EINVAL, "a clock that is none");
	CHECK(!vdso_clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) && ns(t) > 0, "CPU time");

	unsigned cpu = -1, node = -1;
	CHECK(!vdso_getcpu(&cpu, &node, NULL), "getcpu");
	CHECK(cpu < sysconf(_SC_NPROCESSORS_CONF) && node == 0, "CPU %u, node %u", cpu, node);
}

static volatile char selector;
static volatile int calls;

static void on_call(int signo, siginfo_t *info, void *context)
{
	selector = 0;
	calls++;
}

/* How many of these make a system call. */
static int count_calls(void)
{
	struct timespec t;
	struct timeval tv;
	unsigned cpu;

	on_signal(SIGSYS, on_call, 0);
	CHECK(!prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector), "dispatch");
	calls = 0;
	for (int i = 0; i < 1000; i++) {
		for (unsigned c = 0; c < NR_CLOCKS; c++) {
			selector = 1;
			vdso_clock_gettime(clocks[c], &t);
			selector = 1;
			clock_gettime(clocks[c], &t);
			selector = 0;
		}
		selector = 1;
		vdso_gettimeofday(&tv, NULL);
		selector = 1;
		vdso_time(NULL);
		selector = 1;
		vdso_getcpu(&cpu, NULL, NULL);
		selector = 0;
	}
	selector = 1;
	getppid();
	selector = 0;
	CHECK(calls, "system calls are not seen");
	return calls - 1;
}

static int64_t latest;

/* Whoever reads the clock later reads no less. */
static void *race(void *until)
{
	int64_t now, seen;

	do {
		seen = __atomic_load_n(&latest, __ATOMIC_SEQ_CST);
		now = fast(CLOCK_MONOTONIC);
		CHECK(now >= seen, "back by %lld ns", (long long)(seen - now));
		while (seen < now && !__atomic_compare_exchange_n(&latest, &seen, now, 0,
								  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
	} while (now < *(int64_t *)until);
	return NULL;
}

static void threads(void)
{
	int64_t until = fast(CLOCK_MONOTONIC) + SEC / 2;
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&t[i], NULL, race, &until), "pthread_create");
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
}

static void set_clock(int64_t ns)
{
	struct timespec t = { ns / SEC, ns % SEC };

	CHECK(!clock_settime(CLOCK_REALTIME, &t), "clock_settime");
}

static void setting(void)
{
	struct timex fast_tick = { .modes = ADJ_TICK, .tick = 11000 };
	struct timex tick = { .modes = ADJ_TICK, .tick = 10000 };
	int64_t start = fast(CLOCK_REALTIME), mono = fast(CLOCK_MONOTONIC);

	for (int i = 1; i <= 100; i++) {
		int64_t want = start + i * 1000 * SEC, got;

		set_clock(want);
		got = fast(CLOCK_REALTIME);
		CHECK(got >= want && got < want + SEC, "set to %lld, got %lld", (long long)want,
		      (long long)got);
		CHECK(vdso_time(NULL) >= want / SEC, "time() missed it");
		agree(1);
	}
	set_clock(start + fast(CLOCK_MONOTONIC) - mono);

	/* A tenth faster. */
	CHECK(adjtimex(&fast_tick) >= 0, "adjtimex");
	usleep(50000);
	int64_t raw = fast(CLOCK_MONOTONIC_RAW);
	mono = fast(CLOCK_MONOTONIC);
	while (fast(CLOCK_MONOTONIC_RAW) < raw + SEC / 2)
		agree(1);
	mono = fast(CLOCK_MONOTONIC) - mono;
	raw = fast(CLOCK_MONOTONIC_RAW) - raw;
	CHECK(adjtimex(&tick) >= 0, "adjtimex");
	CHECK(mono > raw * 1.05 && mono < raw * 1.15, "%lld ns in %lld ns", (long long)mono,
	      (long long)raw);
}

static volatile int ticks, ticks_above;
static volatile int64_t tick_time;

static void on_tick(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	ticks++;
	ticks_above += (unsigned long)uc->uc_mcontext.gregs[REG_RIP] >= TASK_SIZE;
	tick_time = fast(CLOCK_MONOTONIC);
}

static void busy(void)
{
	for (;;)
		;
}

/* A thousand signals a second, while others want the CPU: they meet the loop anywhere. */
static void interruptions(int above)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	int64_t start = fast(CLOCK_MONOTONIC), last = start, now;
	pid_t load = fork();

	if (!load)
		busy();
	on_signal(SIGALRM, on_tick, 0);
	CHECK(!setitimer(ITIMER_REAL, &often, NULL), "setitimer");
	do {
		int64_t tick = tick_time;

		now = fast(CLOCK_MONOTONIC);
		CHECK(now >= last && now >= tick, "back by %lld ns", (long long)(last - now));
		last = now;
	} while (now < start + 2 * SEC);
	CHECK(!setitimer(ITIMER_REAL, &never, NULL), "setitimer");
	kill(load, SIGKILL);
	waitpid(load, NULL, 0);
	printf("%d signals, %d in the host's code\n", ticks, ticks_above);
	CHECK(ticks > 100, "%d ticks", ticks);
	CHECK(ticks_above || !above, "no tick was in the host's code");
}

static pid_t traced(void (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		body();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "no stop");
	return pid;
}

static void read_clock(void)
{
	int64_t before = slow(CLOCK_MONOTONIC), t = fast(CLOCK_MONOTONIC), after = slow(CLOCK_MONOTONIC);

	CHECK(before <= t && t <= after, "stepped: %lld", (long long)t);
}

/*
 * Step by step, with registers written back at each. Steps can be too slow to get out: who reads the clock
 * begins again when the kernel has changed its data meanwhile.
 */
static void steps(int above)
{
	pid_t pid = traced(read_clock);
	struct user_regs_struct regs;
	int status, n = 0, there = 0;

	for (; n < 1000; n++) {
		CHECK(!ptrace(PTRACE_SINGLESTEP, pid, 0, 0), "step");
		CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
		if (WIFEXITED(status))
			break;
		CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP, "status %#x", status);
		CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &regs), "GETREGS");
		CHECK(!ptrace(PTRACE_SETREGS, pid, 0, &regs), "SETREGS");
		there += regs.rip >= TASK_SIZE;
	}
	if (!WIFEXITED(status))
		CHECK(!ptrace(PTRACE_CONT, pid, 0, 0) && waitpid(pid, &status, 0) == pid, "CONT");
	CHECK(status == 0, "ended with %#x", status);
	printf("%d steps, %d in the host's code\n", n, there);
	CHECK(there || !above, "no step was in the host's code");
}

/* Nowhere else above may a program be sent. */
static void elsewhere(void)
{
	static const unsigned long places[] = { TASK_SIZE, 0x700040000000, 0x750000000000, 0x750000100000,
		0x7a0000000000, 0x7a000000f000, 0x7a000001f000, 0x7a0000020000, 0x7ffffffff000,
		0x800000000000, 0xffff800000000000 };

	for (unsigned i = 0; i < sizeof(places) / sizeof(*places); i++) {
		pid_t pid = traced(read_clock);
		struct user_regs_struct regs;
		int status;

		CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &regs), "GETREGS");
		regs.rip = places[i];
		CHECK(!ptrace(PTRACE_SETREGS, pid, 0, &regs), "SETREGS");
		CHECK(!ptrace(PTRACE_CONT, pid, 0, 0), "CONT");
		CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
		CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSEGV, "%#lx: status %#x", places[i],
		      status);
		kill(pid, SIGKILL);
		CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
	}
}

static unsigned long data_page(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long start = 0;
	char line[256];

	while (!start && fgets(line, sizeof(line), maps))
		if (strstr(line, "[vvar]"))
			start = strtoul(line, NULL, 16);
	fclose(maps);
	return start;
}

static void write_data(void)
{
	*(volatile char *)data_page() = 1;
}

/* All programs have the same page. */
static void data(void)
{
	unsigned long page = data_page();
	pid_t pid;
	int status;

	CHECK(page, "no data page");
	CHECK(mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE) < 0 && errno == EACCES, "mprotect");
	status = in_child(write_data);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "status %#x", status);
	pid = traced(read_clock);
	CHECK(ptrace(PTRACE_POKEDATA, pid, page, 1) < 0, "a debugger wrote it");
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0), "CONT");
	reap_good(pid);
}

static int host_has_clock(void)
{
	static char log[1 << 18];
	int n = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1);

	return n < 0 || !strstr(log, "no clock for programs");
}

static int no_calls;

static void child(void)
{
	agree(100);
	CHECK(!count_calls() || !no_calls, "%d system calls after fork", calls - 1);
}

/* For a pause by the guest's owner: the clocks agree all the while, and jump once. */
static void watch(int seconds)
{
	int64_t start = fast(CLOCK_MONOTONIC), last = start, now, jump = 0;

	puts("watching");
	fflush(stdout);
	do {
		agree(1);
		now = fast(CLOCK_MONOTONIC);
		if (now - last > jump)
			jump = now - last;
		last = now;
	} while (now < start + seconds * SEC);
	printf("jumped by %lld ms\n", (long long)jump / 1000000);
}

int main(int argc, char **argv)
{
	struct utsname name;

	vdso_clock_gettime = find("__vdso_clock_gettime");
	vdso_gettimeofday = find("__vdso_gettimeofday");
	vdso_time = find("__vdso_time");
	vdso_getcpu = find("__vdso_getcpu");
	no_calls = host_has_clock();
	if (argc > 2) {
		watch(atoi(argv[2]));
		return 0;
	}
	if (argc > 1) {
		child();
		return 0;
	}
	agree(2000);
	CHECK(!in_child(child), "after fork");
	pid_t pid = fork();
	if (!pid) {
		execl("/proc/self/exe", argv[0], "again", NULL);
		_exit(1);
	}
	reap_good(pid);
	threads();
	interruptions(no_calls);
	steps(no_calls);
	elsewhere();
	data();
	/* Tried outside of a guest, it leaves that machine's clock alone. */
	if (!uname(&name) && strstr(name.release, "lodger"))
		setting();
	return 0;
}
