/* SPDX-License-Identifier: Apache-2.0 */
/* The few library functions that a freestanding program needs, and the way out. */
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include "sys.h"

asm(".globl signal_return\nsignal_return: mov $15, %eax\n	syscall\n");	/* __NR_rt_sigreturn */

void *memcpy(void *to, const void *from, unsigned long n)
{
	void *d = to;

	asm volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(n) : : "memory");
	return to;
}

void *memset(void *to, int c, unsigned long n)
{
	void *d = to;

	asm volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
	return to;
}

unsigned long strlen(const char *s)
{
	unsigned long n = 0;

	while (s[n])
		n++;
	return n;
}

int equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

int make_memfd(const char *name, __u64 size)
{
	long fd = sys2(__NR_memfd_create, name, MFD_ALLOW_SEALING), r;

	if (fd < 0 || (r = sys2(__NR_ftruncate, fd, size)) < 0)
		die(LODGER_EXIT_INTERNAL, "cannot make shared memory", fd);
	r = sys3(__NR_fcntl, fd, 0 /* F_DUPFD */, LODGER_FD_DOORBELL + LODGER_MAX_DEVICES);
	if (r < 0)
		die(LODGER_EXIT_INTERNAL, "too few descriptors", r);
	sys1(__NR_close, fd);
	return r;
}

void seal_writes(int fd)
{
	long r = sys3(__NR_fcntl, fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);

	if (r)
		die(LODGER_EXIT_INTERNAL, "cannot seal memory", r);
}

void map_fixed(__u64 addr, __u64 size, int prot, int fd, const char *what)
{
	long r = sys_mmap(addr, size, prot, MAP_SHARED | MAP_FIXED, fd, 0);

	if (r != (long)addr)
		die(LODGER_EXIT_INTERNAL, what, r);
}

static void print(const char *s)
{
	sys3(__NR_write, 2, s, strlen(s));
}

void die(int status, const char *what, long error)
{
	char digits[12], *p = digits + sizeof(digits);

	print("lodger: ");
	print(what);
	if (error) {
		unsigned long n = error < 0 ? -error : error;

		*--p = 0;
		do
			*--p = '0' + n % 10;
		while (n /= 10);
		print(": errno ");
		print(p);
	}
	print("\n");
	sys1(__NR_exit_group, status);
	__builtin_unreachable();
}
