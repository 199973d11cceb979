/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that waits in a system call: its registers are nobody's business until another thread
 * runs, a signal comes, a debugger looks. All of them must find them, and leave them, as they were.
 */
#include "check.h"
#include "hold.h"
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

HOLD(wait_in_call, "	mov %rsp, -120(%rsp)\n	syscall\n");

static uint64_t seed = 20261201;
static int to_reader[2];

/* Reads one byte with random values in all registers that say nothing about the call. */
static void prepare(struct frame *f, char *byte)
{
	for (int i = 0; i < FLAGS; i++)
		f->in[i] = next_random(&seed);
	f->in[FLAGS] = 0x202;
	f->in[RAX] = SYS_read;
	f->in[RDI] = to_reader[0];
	f->in[RSI] = (uint64_t)byte;
	f->in[RDX] = 1;
}

static void pause_ms(long ms)
{
	struct timespec t = { 0, ms * 1000000 };
	nanosleep(&t, NULL);
}

/* Another thread runs in the same address space, with registers of its own. */
static void *write_bytes(void *count)
{
	for (long i = 0; i < (long)count; i++) {
		if (i % 8 == 0)
			pause_ms(1);
		CHECK(write(to_reader[1], "x", 1) == 1, "write");
	}
	return NULL;
}

static void beside_a_thread(void)
{
	pthread_t writer;
	const long count = 400;

	CHECK(!pthread_create(&writer, NULL, write_bytes, (void *)count), "pthread_create");
	for (long i = 0; i < count; i++) {
		struct frame f;
		char byte = 0;
		double before = i * 1.25, after;

		prepare(&f, &byte);
		asm volatile("movsd %0, %%xmm15" : : "m"(before));
		wait_in_call(&f);
		asm volatile("movsd %%xmm15, %0" : "=m"(after));
		same(&f, RBX, R9, "beside a thread");
		CHECK(f.out[RAX] == 1 && byte == 'x', "read gave %ld", (long)f.out[RAX]);
		CHECK(before == after, "xmm15 was %f, is %f", before, after);
	}
	pthread_join(writer, NULL);
}

static struct frame *in_flight;
static volatile int handled, answer;

/* The frame of the handler shows the registers of the call that it interrupts. */
static void on_alarm(int signo, siginfo_t *info, void *context)
{
	const greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
	const uint64_t *in = in_flight->in;
	stack_t now;

	CHECK((uint64_t)g[REG_RBX] == in[RBX] && (uint64_t)g[REG_RBP] == in[RBP] &&
	      (uint64_t)g[REG_R12] == in[R12] && (uint64_t)g[REG_R13] == in[R13] &&
	      (uint64_t)g[REG_R14] == in[R14] && (uint64_t)g[REG_R15] == in[R15],
	      "a handler's frame has rbx %#llx for %#lx", g[REG_RBX], in[RBX]);
	CHECK((uint64_t)g[REG_RDI] == in[RDI] && (uint64_t)g[REG_R9] == in[R9], "arguments");
	CHECK(*(greg_t *)(g[REG_RSP] - 120) == g[REG_RSP], "rsp is %#llx", g[REG_RSP]);
	CHECK(!sigaltstack(NULL, &now) && now.ss_flags == SS_ONSTACK, "ss_flags is %d", now.ss_flags);
	handled++;
	if (answer)
		CHECK(write(to_reader[1], "y", 1) == 1, "write");
}

static void interrupted(int flags, long result)
{
	timer_t timer;
	struct itimerspec soon = { .it_value.tv_nsec = 2000000 };
	static char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };

	CHECK(!sigaltstack(&alternate, NULL), "sigaltstack");
	on_signal(SIGALRM, on_alarm, SA_ONSTACK | flags);
	CHECK(!timer_create(CLOCK_MONOTONIC, NULL, &timer), "timer_create");
	for (int i = 0; i < 50; i++) {
		struct frame f;
		char byte = 0;

		prepare(&f, &byte);
		in_flight = &f;
		handled = 0;
		answer = result > 0;
		CHECK(!timer_settime(timer, 0, &soon, NULL), "timer_settime");
		wait_in_call(&f);
		same(&f, RBX, R9, "interrupted");
		CHECK((long)f.out[RAX] == result, "read gave %ld, not %ld", (long)f.out[RAX], result);
		CHECK(handled == 1, "%d signals", handled);
	}
	timer_delete(timer);
}

/* Of a process that waits in read(): its state, or 0 when it does not yet. */
static int waits(pid_t pid, unsigned long *sp)
{
	char path[64], text[256] = "";
	long nr = -1, args[6];
	unsigned long ip;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	int fd = open(path, O_RDONLY);
	CHECK(fd >= 0, "%s", path);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 && sscanf(text, "%ld %lx %lx %lx %lx %lx %lx %lx %lx", &nr, &args[0], &args[1],
			       &args[2], &args[3], &args[4], &args[5], sp, &ip) == 9 &&
	       nr == SYS_read && args[0] == to_reader[0];
}

static void under_a_debugger(void)
{
	static struct frame f;
	struct user_regs_struct regs;
	static char byte;
	unsigned long sp = 0;
	int status;

	prepare(&f, &byte);
	pid_t pid = fork();
	if (!pid) {
		wait_in_call(&f);
		f.in[R12] = 0x1234;
		same(&f, RBX, R9, "debugged");
		_exit(f.out[RAX] == 1 ? 0 : 2);
	}
	while (!waits(pid, &sp))
		pause_ms(1);
	CHECK(!ptrace(PTRACE_SEIZE, pid, 0, 0) && !ptrace(PTRACE_INTERRUPT, pid, 0, 0), "ptrace");
	CHECK(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "status %#x", status);
	CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &regs), "PTRACE_GETREGS");
	CHECK(regs.rbx == f.in[RBX] && regs.r15 == f.in[R15] && regs.rdi == f.in[RDI], "rbx is %#llx",
	      regs.rbx);
	CHECK(regs.orig_rax == SYS_read, "orig_rax is %lld", (long long)regs.orig_rax);
	CHECK(regs.rsp == sp, "rsp is %#llx, /proc says %#lx", regs.rsp, sp);
	CHECK((unsigned long)ptrace(PTRACE_PEEKDATA, pid, sp - 120, 0) == sp, "rsp is not what it was");
	regs.r12 = 0x1234;
	CHECK(!ptrace(PTRACE_SETREGS, pid, 0, &regs), "PTRACE_SETREGS");
	CHECK(!ptrace(PTRACE_DETACH, pid, 0, 0), "PTRACE_DETACH");
	CHECK(write(to_reader[1], "z", 1) == 1, "write");
	reap_good(pid);
}

/* The kernel looks at rsp, which no argument says, without a signal either. */
static void on_another_stack(void)
{
	static char stack[65536] __attribute__((aligned(64)));
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) }, now;
	long r;

	CHECK(!sigaltstack(&alternate, NULL), "sigaltstack");
	asm volatile("xchg %%rsp, %%rbx; syscall; xchg %%rsp, %%rbx"
		     : "=a"(r) : "a"(SYS_sigaltstack), "D"(NULL), "S"(&now), "b"(stack + 32768)
		     : "rcx", "r11", "memory");
	CHECK(!r && now.ss_flags == SS_ONSTACK, "ss_flags is %d on the alternate stack", now.ss_flags);
	CHECK(!sigaltstack(NULL, &now) && !now.ss_flags, "ss_flags is %d on no such", now.ss_flags);
}

/* Ends while it waits: nobody fetches them, and they must not reach who has its place next. */
static void ended(int by_kernel)
{
	for (int i = 0; i < 50; i++) {
		const double left = 1.25;
		double found = 0;
		int status;

		pid_t pid = fork();
		if (!pid) {
			struct frame f;
			char byte;

			prepare(&f, &byte);
			if (by_kernel) {
				CHECK(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT), "seccomp");
				f.in[RAX] = SYS_getppid;
			}
			asm volatile("movsd %0, %%xmm15" : : "m"(left));
			wait_in_call(&f);
			_exit(1);
		}
		if (!by_kernel) {
			pause_ms(i % 2);
			kill(pid, SIGKILL);
		}
		CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "status %#x", status);

		asm volatile("xorpd %%xmm15, %%xmm15" : : : "xmm15");
		pid = fork();
		if (!pid) {
			asm volatile("movsd %%xmm15, %0" : "=m"(found));
			_exit(found == left);
		}
		reap_good(pid);
	}
}

int main(void)
{
	CHECK(!pipe(to_reader), "pipe");
	beside_a_thread();
	interrupted(0, -EINTR);
	interrupted(SA_RESTART, 1);
	under_a_debugger();
	on_another_stack();
	ended(0);
	ended(1);
	return 0;
}
