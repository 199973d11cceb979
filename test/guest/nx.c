/* SPDX-License-Identifier: Apache-2.0 */
/* Execute is a permission of its own, and code written at run time is the code that runs. */
#include "check.h"
#include <setjmp.h>

static sigjmp_buf back;
static siginfo_t seen;

static void catch(int signo, siginfo_t *info, void *context)
{
	seen = *info;
	siglongjmp(back, 1);
}

/* mov $value, %eax; ret */
static void emit(void *at, int value)
{
	unsigned char code[] = { 0xb8, value, value >> 8, value >> 16, value >> 24, 0xc3 };

	memcpy(at, code, sizeof(code));
}

static int call(void *at)
{
	return ((int (*)(void))at)();
}

static void must_fault(void *at, const char *what)
{
	if (!sigsetjmp(back, 1)) {
		call(at);
		FAIL("%s: it ran", what);
	}
	CHECK(seen.si_signo == SIGSEGV && seen.si_code == SEGV_ACCERR && seen.si_addr == at,
	      "%s: signal %d code %d at %p", what, seen.si_signo, seen.si_code, seen.si_addr);
}

int main(void)
{
	unsigned char stack[64];
	static unsigned char data[64];

	on_signal(SIGSEGV, catch, 0);
	emit(stack, 1);
	must_fault(stack, "stack");
	emit(data, 2);
	must_fault(data, "data");
	char *heap = malloc(64);
	emit(heap, 3);
	must_fault(heap, "heap");

	/* A compiler at run time: write, protect, run, write again. */
	char *jit = map_anonymous(4 * PAGE, PROT_READ | PROT_WRITE);
	for (int i = 0; i < 200; i++) {
		char *at = jit + i % 4 * PAGE;
		emit(at, i * 77);
		must_fault(at, "writable code page");
		CHECK(!mprotect(jit, 4 * PAGE, PROT_READ | PROT_EXEC), "mprotect");
		CHECK(call(at) == i * 77, "round %d ran old code", i);
		CHECK(!mprotect(jit, 4 * PAGE, PROT_READ | PROT_WRITE), "mprotect");
	}

	/* Writable and executable at once. */
	CHECK(!mprotect(jit, 4 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), "mprotect");
	for (int i = 0; i < 200; i++) {
		emit(jit, i * 99);
		CHECK(call(jit) == i * 99, "self-modifying round %d", i);
	}

	/* Two views of one page, one to write, one to run. */
	int fd = memfd_create("code", 0);
	CHECK(fd >= 0 && !ftruncate(fd, PAGE), "memfd");
	char *write_view = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *run_view = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	CHECK(write_view != MAP_FAILED && run_view != MAP_FAILED, "two views");
	for (int i = 0; i < 200; i++) {
		emit(write_view, i * 55);
		CHECK(call(run_view) == i * 55, "two views, round %d", i);
	}

	/* An instruction across two pages, the second of which is not executable. */
	char *two = map_anonymous(2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
	emit(two + PAGE - 3, 1234);
	CHECK(call(two + PAGE - 3) == 1234, "across pages");
	CHECK(!mprotect(two + PAGE, PAGE, PROT_READ), "mprotect");
	if (!sigsetjmp(back, 1)) {
		call(two + PAGE - 3);
		FAIL("the second half ran");
	}
	CHECK(seen.si_addr == two + PAGE, "fault at %p", seen.si_addr);
	return 0;
}
