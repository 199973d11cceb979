/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets Debian's linux.uml run on a CPU whose extended state is larger than it knows (AMX). The
 * host takes such state only whole, and UML hands over the part it has room for; here the rest is
 * added as initial state. A library to preload, for benchmarks only.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <cpuid.h>

#define XSTATE_BV 512		/* which components follow, a word in the xsave header */

static char whole[1 << 15] __attribute__((aligned(64)));
static size_t whole_size;

static void size_up(void)
{
	unsigned int a, b, c, d;

	__cpuid_count(13, 0, a, b, c, d);
	whole_size = b;
}

static long set_xstate(long pid, const struct iovec *given)
{
	struct iovec full = { whole, whole_size };
	uint64_t components;

	memcpy(whole, given->iov_base, given->iov_len);
	memcpy(&components, whole + XSTATE_BV, 8);
	components &= 0xff;	/* x87 to AVX-512: all that fits UML's buffer */
	memcpy(whole + XSTATE_BV, &components, 8);
	return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &full);
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list ap;
	long peeked;

	va_start(ap, request);
	long pid = va_arg(ap, pid_t);
	void *addr = va_arg(ap, void *), *data = va_arg(ap, void *);
	va_end(ap);
	if (!whole_size)
		size_up();
	if (request == PTRACE_SETREGSET && (long)addr == NT_X86_XSTATE &&
	    ((struct iovec *)data)->iov_len < whole_size && whole_size <= sizeof(whole))
		return set_xstate(pid, data);
	if (request != PTRACE_PEEKTEXT && request != PTRACE_PEEKDATA && request != PTRACE_PEEKUSER)
		return syscall(SYS_ptrace, request, pid, addr, data);
	long failed = syscall(SYS_ptrace, request, pid, addr, &peeked);
	return failed ? failed : peeked;
}
