/* SPDX-License-Identifier: Apache-2.0 */
/* Writes functions and calls them, in memory that is writable and executable at once; waits now and then. */
#include "check.h"

#define FUNCTIONS 200

int main(void)
{
	/* mov $n, %eax; ret */
	unsigned char code[] = { 0xb8, 0, 0, 0, 0, 0xc3 };
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(page != MAP_FAILED, "mmap");
	for (int n = 0; n < FUNCTIONS; n++) {
		code[1] = n;
		memcpy(page, code, sizeof(code));
		CHECK(((int (*)(void))page)() == n, "function %d", n);
		if (n % 50 == 0)
			usleep(1000);
	}
	return 0;
}
