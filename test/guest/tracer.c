/* SPDX-License-Identifier: Apache-2.0 */
/* ptrace: single steps, memory, registers, breakpoints, system-call stops, vector state. */
#include "fpstate.h"
#include <elf.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>

static volatile long global = 42;

extern char walk_start[], walk_end[];

/* Seven instructions whose order the tracer checks one by one. */
__attribute__((noinline)) static long walk(long a)
{
	long r;

	asm volatile(".globl walk_start\nwalk_start: mov %1, %0\n"
		     "add $1, %0\n shl $3, %0\n jmp 1f\n ud2\n1: xor $5, %0\n"
		     ".globl walk_end\nwalk_end: nop" : "=&r"(r) : "r"(a));
	return r;
}

static void stopped(pid_t pid, int signo)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
	CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == signo, "wait status %#x, want a stop by %d",
	      status, signo);
}

static struct user_regs_struct registers(pid_t pid)
{
	struct user_regs_struct regs;

	CHECK(!ptrace(PTRACE_GETREGS, pid, 0, &regs), "GETREGS");
	return regs;
}

static pid_t traced(void (*body)(void))
{
	pid_t pid = fork();

	if (!pid) {
		CHECK(!ptrace(PTRACE_TRACEME), "TRACEME");
		raise(SIGSTOP);
		body();
		_exit(0);
	}
	stopped(pid, SIGSTOP);
	return pid;
}

static void finish(pid_t pid, int code)
{
	int status;

	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0), "CONT");
	CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == code, "ended with %#x, want exit %d",
	      status, code);
}

static void walker(void)
{
	CHECK(walk(4) == (((4 + 1) << 3) ^ 5), "walk");
	_exit(global);
}

static void set_breakpoint(pid_t pid, char *at, long *old)
{
	errno = 0;
	*old = ptrace(PTRACE_PEEKTEXT, pid, at, 0);
	CHECK(!errno, "PEEKTEXT");
	CHECK(!ptrace(PTRACE_POKETEXT, pid, at, (*old & ~0xffL) | 0xcc), "POKETEXT");
}

static void step_through(void)
{
	pid_t pid = traced(walker);
	long old;

	set_breakpoint(pid, walk_start, &old);
	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0), "CONT");
	stopped(pid, SIGTRAP);
	struct user_regs_struct regs = registers(pid);
	CHECK(regs.rip == (uintptr_t)walk_start + 1, "breakpoint left rip at %#llx", regs.rip);
	CHECK(!ptrace(PTRACE_POKETEXT, pid, walk_start, old), "POKETEXT");
	regs.rip--;
	CHECK(!ptrace(PTRACE_SETREGS, pid, 0, &regs), "SETREGS");

	int steps = 0;
	while (registers(pid).rip != (uintptr_t)walk_end) {
		siginfo_t info;
		CHECK(!ptrace(PTRACE_SINGLESTEP, pid, 0, 0), "SINGLESTEP");
		stopped(pid, SIGTRAP);
		CHECK(!ptrace(PTRACE_GETSIGINFO, pid, 0, &info), "GETSIGINFO");
		CHECK(info.si_code == TRAP_TRACE, "step ended with code %d", info.si_code);
		CHECK(!(registers(pid).eflags & 0x100) , "the trap flag shows");
		CHECK(++steps < 10, "lost at %#llx", registers(pid).rip);
	}
	CHECK(steps == 5, "%d steps", steps);

	errno = 0;
	CHECK(ptrace(PTRACE_PEEKDATA, pid, &global, 0) == 42 && !errno, "PEEKDATA");
	CHECK(!ptrace(PTRACE_POKEDATA, pid, &global, 17L), "POKEDATA");
	CHECK(global == 42, "the tracer's own copy changed");
	finish(pid, 17);
}

/* Thousands of steps through libc, system calls included. */
static void busy(void)
{
	char text[64];

	for (int i = 0; i < 5; i++)
		snprintf(text, sizeof(text), "%d %s", getppid(), "text");
	_exit(3);
}

static void step_far(void)
{
	pid_t pid = traced(busy);
	int status, steps = 0;

	do {
		CHECK(!ptrace(PTRACE_SINGLESTEP, pid, 0, 0), "SINGLESTEP");
		CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
		steps++;
	} while (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3, "after %d steps: %#x", steps, status);
	CHECK(steps > 500, "only %d steps", steps);
}

static void caller(void)
{
	_exit(syscall(SYS_getppid) == 4711 && syscall(SYS_getpgrp) == 815 ? 5 : 6);
}

/* System-call stops: the entry shows the number, the exit lets us change the result. */
static void syscall_stops(void)
{
	pid_t pid = traced(caller);
	int seen = 0;

	CHECK(!ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD), "SETOPTIONS");
	for (;;) {
		int status;
		CHECK(!ptrace(PTRACE_SYSCALL, pid, 0, 0), "SYSCALL");
		CHECK(waitpid(pid, &status, 0) == pid, "waitpid");
		if (!WIFSTOPPED(status)) {
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 5, "ended with %#x", status);
			break;
		}
		CHECK(WSTOPSIG(status) == (SIGTRAP | 0x80), "stop %#x", status);
		struct user_regs_struct regs = registers(pid);
		if (regs.orig_rax == SYS_exit_group)
			continue;
		CHECK((long)regs.rax == -ENOSYS, "rax %lld at entry", regs.rax);
		int getppid_call = regs.orig_rax == SYS_getppid;
		if (regs.orig_rax == SYS_getpgrp) {
			regs.orig_rax = SYS_getpid;	/* another call in its place */
			CHECK(!ptrace(PTRACE_SETREGS, pid, 0, &regs), "SETREGS");
		}
		CHECK(!ptrace(PTRACE_SYSCALL, pid, 0, 0), "SYSCALL");
		stopped(pid, SIGTRAP | 0x80);
		regs = registers(pid);
		if (!getppid_call)
			CHECK((pid_t)regs.rax == pid, "the replaced call returned %lld", regs.rax);
		regs.rax = getppid_call ? 4711 : 815;
		CHECK(!ptrace(PTRACE_SETREGS, pid, 0, &regs), "SETREGS");
		seen++;
	}
	CHECK(seen == 2, "%d stops", seen);
}

static struct fp_state held;

static void holder(void)
{
	struct fp_state out, want;

	fp_fill(&held, 99);
	memset(&out, 0, sizeof(out));
	fp_hold(fp_level(), &held, &out, 1, SYS_kill, getpid(), SIGSTOP);
	want = held;
	memset(want.vector[3], 0x77, 16);
	fp_compare(fp_level(), &want, &out, "state set by the tracer");
	_exit(9);
}

static void vector_state(void)
{
	pid_t pid = traced(holder);
	struct user_fpregs_struct fp;
	struct fp_state want;
	static char xstate[16384] __attribute__((aligned(64)));
	struct iovec iov = { xstate, sizeof(xstate) };

	CHECK(!ptrace(PTRACE_CONT, pid, 0, 0), "CONT");
	stopped(pid, SIGSTOP);
	fp_fill(&want, 99);
	CHECK(!ptrace(PTRACE_GETFPREGS, pid, 0, &fp), "GETFPREGS");
	CHECK(fp.mxcsr == want.mxcsr && fp.cwd == want.fcw, "control words");
	for (int i = 0; i < 16; i++)
		CHECK(!memcmp((char *)fp.xmm_space + i * 16, want.vector[i], 16), "xmm%d", i);
	if (fp_level() > FP_SSE) {
		CHECK(!ptrace(PTRACE_GETREGSET, pid, NT_X86_XSTATE, &iov), "GETREGSET");
		CHECK(iov.iov_len >= 832, "xstate of %zu bytes", iov.iov_len);
		for (int i = 0; i < 16; i++)
			CHECK(!memcmp(xstate + 576 + i * 16, want.vector[i] + 16, 16), "ymm%d", i);
		memset(xstate + 160 + 3 * 16, 0x77, 16);
		CHECK(!ptrace(PTRACE_SETREGSET, pid, NT_X86_XSTATE, &iov), "SETREGSET");
	} else {
		memset((char *)fp.xmm_space + 3 * 16, 0x77, 16);
		CHECK(!ptrace(PTRACE_SETFPREGS, pid, 0, &fp), "SETFPREGS");
	}
	finish(pid, 9);
}

/* A running process is seized, interrupted, read by PEEKUSER, and let go. */
static void seize(void)
{
	volatile long *counter = map_shared(PAGE);
	pid_t pid = fork();
	int status;

	if (!pid)
		for (;;)
			counter[0]++;
	CHECK(!ptrace(PTRACE_SEIZE, pid, 0, 0), "SEIZE");
	while (counter[0] < 1000)
		usleep(1000);
	CHECK(!ptrace(PTRACE_INTERRUPT, pid, 0, 0), "INTERRUPT");
	CHECK(waitpid(pid, &status, 0) == pid && status >> 16 == PTRACE_EVENT_STOP, "%#x", status);
	long at = counter[0];
	usleep(20000);
	CHECK(counter[0] == at, "it runs while stopped");
	errno = 0;
	long rip = ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rip), 0);
	CHECK(!errno && rip > 0x1000, "PEEKUSER");
	CHECK(!ptrace(PTRACE_DETACH, pid, 0, 0), "DETACH");
	while (counter[0] == at)
		usleep(1000);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

int main(void)
{
	step_through();
	step_far();
	syscall_stops();
	vector_state();
	seize();
	return 0;
}
