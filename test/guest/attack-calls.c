/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Isolation by key, rewritten system calls: trampolines hold four bytes of the program's choice, and
 * the switcher remembers where a call was when something else is there already. Neither may get
 * code executed that nobody has looked at.
 */
#include "attack.h"

#define LOW 0x10000UL		/* where the trampolines of programs at low addresses are */
#define TRAMPOLINE 32
#define SYSCALL 0x050f		/* as the bytes of a number: 0f 05 */
#define UD2 0x0b0f
#define CONTROL 0x730000000000UL

static uint8_t *const place = (uint8_t *)0x20000000;
static volatile uint64_t loot;

static void map(int prot)
{
	void *p = mmap(place, PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	CHECK(p == place, "mmap");
}

/* A call site at place + 0x100 that is made often, so that there is a trampoline with these bytes. */
static void make_hot(uint32_t number)
{
	uint8_t *site = place + 0x100;

	map(PROT_READ | PROT_WRITE);
	site[0] = 0xb8;
	memcpy(site + 1, &number, sizeof(number));
	site[5] = 0x0f;
	site[6] = 0x05;
	site[7] = 0xc3;
	CHECK(!mprotect(place, PAGE, PROT_READ | PROT_EXEC), "mprotect");
	for (int i = 0; i < 50; i++)
		((long (*)(void))site)();
}

/*
 * What would be executed if a page of data became code: opens all keys and reads the control
 * region. Put together here, so that this program's own pages have no such bytes.
 */
static void write_prize(void)
{
	static volatile uint8_t first = 0x0f;
	const uint64_t from = CONTROL, to = (uint64_t)&loot;
	uint8_t *p = place + 0x100 - 7;
	const uint8_t call[] = { 0xb8, SYS_getpid, 0, 0, 0, 0x0f, 0x05 };
	const uint8_t none[] = { 0x31, 0xc0, 0x31, 0xc9, 0x31, 0xd2 };

	map(PROT_READ | PROT_WRITE);
	memcpy(p, call, sizeof(call));
	memcpy(p += sizeof(call), none, sizeof(none));
	p += sizeof(none);
	*p++ = first;
	*p++ = 1;
	*p++ = 0xe0 + first;
	*p++ = 0x48;		/* movabs from, %rax; movabs %rax, to; ud2 */
	*p++ = 0xa1;
	memcpy(p, &from, 8);
	p[8] = 0x48;
	p[9] = 0xa3;
	memcpy(p + 10, &to, 8);
	p[18] = 0x0f;
	p[19] = 0x0b;
}

/* Into the middle of each trampoline, where its first instruction's number is one itself. */
static void jump_into_trampolines(void)
{
	for (volatile int n = 0; n < 4; n++)
		for (volatile int i = 0; i < 8; i++)
			if (!sigsetjmp(rescue, 0))
				asm volatile("jmp *%1" : : "a"((long)SYS_getpid),
					     "r"(LOW + n * TRAMPOLINE + 1) : "rcx", "r11", "memory");
}

static void on_alternate_stack(int signo)
{
	static char stack[65536];
	stack_t ss = { .ss_sp = stack, .ss_size = sizeof(stack) };

	CHECK(!sigaltstack(&ss, NULL), "sigaltstack");
	on_signal(signo, to_rescue, SA_ONSTACK | SA_NODEFER);
}

static void stale_code(void)
{
	make_hot(SYSCALL);
	write_prize();
	jump_into_trampolines();
	_exit(loot ? 99 : 0);
}

static void stale_place(void)
{
	make_hot(UD2);
	munmap(place, PAGE);
	jump_into_trampolines();
	_exit(0);
}

/* A former program's trampolines are gone when another has its process. */
static void former_trampolines(void)
{
	volatile int found = 0;

	for (volatile int n = 0; n < 16; n++) {
		if (!sigsetjmp(rescue, 0)) {
			volatile uint8_t byte = *(volatile uint8_t *)(LOW + n * TRAMPOLINE);

			found += byte == 0xb8;
		}
	}
	CHECK(!found, "trampolines can be read");
	_exit(0);
}

int main(void)
{
	campaign = map_shared(PAGE);
	on_alternate_stack(SIGSEGV);
	on_alternate_stack(SIGILL);
	for (int i = 0; i < 3; i++) {
		int status = in_child(stale_code);

		CHECK(!WIFEXITED(status) || WEXITSTATUS(status) != 99, "the key is open");
		in_child(stale_place);
		CHECK(!kernel_oopsed(), "the kernel has faulted");
		CHECK(in_child(former_trampolines) == 0, "former trampolines");
	}
	return 0;
}
