/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: storms on an alternate stack, queues, masks, restarts, stops, and waits. */
#include "check.h"
#include <pthread.h>
#include <sched.h>
#include <sys/time.h>

static volatile int count, nested, deepest;
static volatile int *handled;
static char *alt;
#define ALT_SIZE (16 * PAGE)

static void on_alt(int signo, siginfo_t *info, void *context)
{
	char *here = __builtin_frame_address(0);

	CHECK(here > alt && here < alt + ALT_SIZE, "handler runs at %p, not on %p", here, alt);
	++*handled;
}

static void storm(void)
{
	stack_t ss = { .ss_sp = alt = map_anonymous(ALT_SIZE, PROT_READ | PROT_WRITE),
		       .ss_size = ALT_SIZE };
	volatile int *ready = map_shared(PAGE);
	pid_t me = getpid();

	handled = ready + 1;

	CHECK(!sigaltstack(&ss, NULL), "sigaltstack");
	on_signal(SIGUSR1, on_alt, SA_ONSTACK);
	pid_t pid = fork();
	if (!pid) {
		for (int i = 0; i < 2000; i++) {
			int before = *handled;
			kill(me, SIGUSR1);
			while (i % 2 && *handled == before)
				sched_yield();
		}
		*ready = 1;
		_exit(0);
	}
	for (uint64_t a = 1, b = 1; !*ready; a++, b++)
		CHECK(a == b, "a register was spoilt");
	reap_good(pid);
	CHECK(*handled >= 1000, "%d signals of 2000 arrived", *handled);
}

/* Real-time signals queue, in order, with their values. */
static volatile int expected;

static void in_order(int signo, siginfo_t *info, void *context)
{
	CHECK(info->si_code == SI_QUEUE && info->si_pid == getpid(), "code %d", info->si_code);
	CHECK(info->si_value.sival_int == expected, "value %d, want %d", info->si_value.sival_int,
	      expected);
	expected++;
}

static void queued(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	on_signal(SIGRTMIN, in_order, 0);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < 100; i++)
		CHECK(!sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }), "sigqueue");
	CHECK(expected == 0, "a blocked signal was delivered");
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	CHECK(expected == 100, "%d of 100", expected);
}

static void nest(int signo, siginfo_t *info, void *context)
{
	nested++;
	if (nested > deepest)
		deepest = nested;
	if (nested < 50)
		raise(signo);
	nested--;
}

static void quick(int signo, siginfo_t *info, void *context)
{
	count++;
}

/* Without SA_RESTART a blocked read ends with EINTR, with it the read goes on. */
static void restarts(void)
{
	struct itimerval soon = { { 0, 0 }, { 0, 20000 } };
	int p[2];
	char c;

	CHECK(!pipe(p), "pipe");
	on_signal(SIGALRM, quick, 0);
	setitimer(ITIMER_REAL, &soon, NULL);
	CHECK(read(p[0], &c, 1) == -1 && errno == EINTR, "read was not interrupted");

	on_signal(SIGALRM, quick, SA_RESTART);
	count = 0;
	setitimer(ITIMER_REAL, &soon, NULL);
	pid_t pid = fork();
	if (!pid) {
		usleep(60000);
		CHECK(write(p[1], "r", 1) == 1, "write");
		_exit(0);
	}
	CHECK(read(p[0], &c, 1) == 1 && c == 'r' && count == 1, "read was not restarted");
	reap_good(pid);

	struct timespec t = { 0, 50000000 }, left = { 0, 0 };
	on_signal(SIGALRM, quick, 0);
	setitimer(ITIMER_REAL, &soon, NULL);
	CHECK(nanosleep(&t, &left) == -1 && errno == EINTR, "nanosleep was not interrupted");
	CHECK(left.tv_nsec > 1000000 && left.tv_nsec < 40000000, "%ld ns left", left.tv_nsec);
}

/* Stop and continue amid a sleep: the sleep is finished, not failed. */
static void stops(void)
{
	int status;
	int64_t start = now_ns(CLOCK_MONOTONIC);
	pid_t pid = fork();

	if (!pid) {
		struct timespec t = { 0, 100000000 };
		CHECK(!nanosleep(&t, NULL), "nanosleep");
		_exit(0);
	}
	usleep(20000);
	kill(pid, SIGSTOP);
	CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status), "%#x", status);
	kill(pid, SIGCONT);
	CHECK(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status), "%#x", status);
	reap_good(pid);
	CHECK(now_ns(CLOCK_MONOTONIC) - start >= 100000000, "the sleep was cut short");
}

static void waits(void)
{
	sigset_t set;
	siginfo_t info;
	struct timespec soon = { 0, 10000000 };

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	CHECK(sigtimedwait(&set, &info, &soon) == -1 && errno == EAGAIN, "sigtimedwait");
	pid_t me = getpid(), pid = fork();
	if (!pid) {
		usleep(10000);
		kill(me, SIGUSR2);
		_exit(0);
	}
	CHECK(sigwaitinfo(&set, &info) == SIGUSR2 && info.si_pid == pid, "sigwaitinfo");
	reap_good(pid);
}

/* A signal to one thread of several runs there. */
static pthread_t target;

static void in_thread(int signo, siginfo_t *info, void *context)
{
	CHECK(pthread_equal(pthread_self(), target), "the wrong thread");
	count++;
}

static void *spin(void *arg)
{
	while (count < 50)
		;
	return arg;
}

static void threads(void)
{
	count = 0;
	on_signal(SIGUSR2, in_thread, 0);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	CHECK(!pthread_create(&target, NULL, spin, NULL), "create");
	for (int i = 0; i < 50; i++) {
		int before = count;
		CHECK(!pthread_kill(target, SIGUSR2), "pthread_kill");
		while (count == before)
			usleep(100);
	}
	pthread_join(target, NULL);
}

int main(void)
{
	storm();
	queued();
	on_signal(SIGUSR2, nest, SA_NODEFER);
	raise(SIGUSR2);
	CHECK(deepest == 50 && nested == 0, "nested %d deep", deepest);
	restarts();
	stops();
	waits();
	threads();
	return 0;
}
