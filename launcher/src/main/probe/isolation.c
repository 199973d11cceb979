/* SPDX-License-Identifier: Apache-2.0 */
/* What the two kinds of isolation stand on. */
#define _GNU_SOURCE
#include "probe.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

/* The headers of the oldest supported build host lack these. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

static const char *why(void)
{
	return strerror(errno);
}

static int filter(unsigned long flags)
{
	/* getppid waits for a notification, all else passes. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, flags ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

const char *try_seccomp_filter(void)
{
	return filter(0) < 0 ? why() : "yes";
}

/* One round trip: a child asks, this process answers. */
const char *try_seccomp_notification(void)
{
	int listener = filter(SECCOMP_FILTER_FLAG_NEW_LISTENER);
	struct seccomp_notif ask = {0};
	struct seccomp_notif_resp reply = {.val = 4711};
	int status;
	pid_t child;

	if (listener < 0)
		return why();
	child = fork();
	if (child < 0)
		return why();
	if (child == 0)
		_exit(syscall(SYS_getppid) != 4711);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &ask))
		return why();
	reply.id = ask.id;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply))
		return why();
	waitpid(child, &status, 0);
	return status == 0 ? "yes" : "gives a wrong answer";
}

const char *try_killable_wait(void)
{
	return filter(SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) < 0
		       ? "needs Linux 5.19"
		       : "yes";
}

/* The switcher is started from memory. vm.memfd_noexec = 2 forbids that. */
const char *try_memfd_exec(void)
{
	char program[] = "#!/bin/true\n", path[64] = "/proc/self/fd/";
	int fd = memfd_create("probe", MFD_EXEC);
	int status;
	pid_t child;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("probe", 0);
	if (fd < 0 || write(fd, program, sizeof program - 1) < 0)
		return why();
	path[14] = (char)('0' + fd % 10);
	if (fd > 9)
		return "no small descriptor is free";
	child = fork();
	if (child < 0)
		return why();
	if (child == 0) {
		execl(path, path, (char *)0);
		_exit(1);
	}
	waitpid(child, &status, 0);
	return status == 0 ? "yes" : "files in memory may not be run (sysctl vm.memfd_noexec)";
}

const char *try_protection_keys(void)
{
	return syscall(SYS_pkey_alloc, 0, 0) < 0 ? "this CPU or kernel has none" : "yes";
}

const char *try_user_dispatch(void)
{
	static char selector;

	return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0UL, ~0UL, &selector) < 0
		       ? "needs Linux 5.11"
		       : "yes";
}

/* The bit is set when the processor has it and the kernel uses it. */
const char *try_xsave(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return "this CPU or kernel has none";
	return "yes";
}

/* The handler of a signal has every key open since Linux 6.12; before, its stack's may be closed. */
const char *try_signal_stack_key(void)
{
	struct utsname host;
	int major, minor;

	if (uname(&host) || sscanf(host.release, "%d.%d", &major, &minor) != 2)
		return "needs Linux 6.12";
	return major > 6 || (major == 6 && minor >= 12) ? "yes" : "needs Linux 6.12";
}

const char *try_fsgsbase(void)
{
	return getauxval(AT_HWCAP2) & 2 ? "yes" : "this CPU or kernel has none";
}

const char *try_user_namespace(void)
{
	return unshare(CLONE_NEWUSER) ? why() : "yes";
}
