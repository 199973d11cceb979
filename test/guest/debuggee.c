/* SPDX-License-Identifier: Apache-2.0 */
/* What the script `debug` looks at with gdb. */
#pragma GCC optimize 0
#include <stdio.h>

volatile int total = 1;

__attribute__((noinline)) void inner(volatile int number)
{
	total += number;
}

__attribute__((noinline)) void outer(int number)
{
	inner(number * 2);
}

int main(void)
{
	outer(10);
	printf("total %d\n", total);
	return 0;
}
