/* SPDX-License-Identifier: Apache-2.0 */
/* The few library functions that a freestanding program needs, and the way out. */
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
