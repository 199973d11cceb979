/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's system calls, without libc: the switcher must hold no code that it does not need,
 * since a guest kernel shares its address space. Results are those of the kernel: negative errno.
 */
#ifndef SYS_H
#define SYS_H

/* No global offset table: the image is linked far above 4 GiB, and all of it is here. */
#pragma GCC visibility push(hidden)

#include <asm/unistd_64.h>
#include <asm/signal.h>
#include <asm/siginfo.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>
#include <linux/errno.h>
#include <linux/audit.h>
#include <linux/auxvec.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/ioctl.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/time.h>
#include <lodger_abi.h>

/* From Linux 5.11; the headers of the oldest build host lack them. */
#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON 1
#endif

#define offsetof(type, member) __builtin_offsetof(type, member)
#define NULL ((void *)0)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))

static inline long sys6(long nr, unsigned long a, unsigned long b, unsigned long c,
			unsigned long d, unsigned long e, unsigned long f)
{
	register unsigned long r10 asm("r10") = d;
	register unsigned long r8 asm("r8") = e;
	register unsigned long r9 asm("r9") = f;
	long ret;

	asm volatile("syscall"
		     : "=a"(ret)
		     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return ret;
}

#define U(x) ((unsigned long)(x))
#define sys(nr) sys6(nr, 0, 0, 0, 0, 0, 0)
#define sys1(nr, a) sys6(nr, U(a), 0, 0, 0, 0, 0)
#define sys2(nr, a, b) sys6(nr, U(a), U(b), 0, 0, 0, 0)
#define sys3(nr, a, b, c) sys6(nr, U(a), U(b), U(c), 0, 0, 0)
#define sys4(nr, a, b, c, d) sys6(nr, U(a), U(b), U(c), U(d), 0, 0)
#define sys5(nr, a, b, c, d, e) sys6(nr, U(a), U(b), U(c), U(d), U(e), 0)
#define sys_mmap(a, l, p, fl, fd, o) sys6(__NR_mmap, U(a), U(l), U(p), U(fl), U(fd), U(o))

#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile typeof(x) *)&(x) = (v))

/*
 * In memory that the kernel process shares with the processes that have the key, and zero at the
 * start; everything else is each process's own.
 */
#define SHARED __attribute__((section(".bss.shared")))

/* Waits while *word == old; timeout may be NULL. Returns early on signals. */
static inline long futex_wait(const __u32 *word, __u32 old, const struct __kernel_timespec *timeout)
{
	return sys4(__NR_futex, word, FUTEX_WAIT, old, timeout);
}

static inline void futex_wake(const __u32 *word)
{
	sys3(__NR_futex, word, FUTEX_WAKE, 0x7fffffff);
}

/* switcher.lds */
extern char private_start[], private_end[], shared_start[], shared_end[];

/* From Linux 5.1. */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x10
#endif

/* Descriptors of new memory above those that the launcher hands over; end the guest on errors. */
int make_memfd(const char *name, __u64 size);
/* What is mapped writable stays so, and is inherited; nothing else ever becomes it. */
void seal_writes(int fd);
void map_fixed(__u64 addr, __u64 size, int prot, int fd, const char *what);

void *memcpy(void *to, const void *from, unsigned long n);
void *memset(void *to, int c, unsigned long n);
unsigned long strlen(const char *s);
int equal(const char *a, const char *b);

/* Prints "lodger: <what>[: errno N]" on stderr and ends the guest with that exit status. */
void die(int status, const char *what, long error) __attribute__((noreturn));

/*
 * From the kernel's struct sigaction, which its exported headers hide behind libc's. A handler
 * needs SA_RESTORER even if it never returns: the host refuses to deliver otherwise.
 */
struct sys_sigaction {
	void (*handler)(int, siginfo_t *, struct ucontext *);
	unsigned long flags;
	void (*restorer)(void);
	__u64 mask;
};

/* The restorer of handlers that return: rt_sigreturn. */
void signal_return(void);

#endif
