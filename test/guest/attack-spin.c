/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spinner that did all it could to keep the CPU: its alarm must still end it, others must still
 * get their turn, and SIGKILL must end it within a second.
 */
#include "attack.h"

#define SECOND 1000000000LL

static const char *names[] = {
	"plain", "stack pointer 0", "stack pointer not canonical", "stack pointer in the slot",
	"stack pointer below the slot", "stack pointer in guest RAM", "slot filled with ones",
	"slot filled with zeros, in a loop", "trap flag", "signals blocked by syscall at the stub",
	"no FS base", "protection keys closed", "string operation", "32-bit code", "x87 in error",
	"alignment check", "direction flag",
};
#define KINDS (sizeof(names) / sizeof(*names))

#define SLOT_RW (STUB + 0x12000)

static int in_guest;

static void spin_on(uintptr_t rsp)
{
	asm volatile("mov %0, %%rsp\n1:\tjmp 1b" :: "r"(rsp) : "memory");
}

static void spin_with_flag(uint64_t flag)
{
	asm volatile("push %0\n\tpopf\n1:\tjmp 1b" :: "r"(0x202 | flag) : "memory");
}

static void fill_slot(int byte)
{
	for (volatile char *p = (char *)SLOT_RW; p < (char *)STUB_END; p++)
		*p = byte;
}

static int has_pku(void)
{
	unsigned int a = 7, b, c = 0, d;

	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c >> 4 & 1;
}

/* rt_sigprocmask with every signal, as a jump to each of the stub's system calls. */
static void block_at_stub(void)
{
	static uint64_t all = ~0UL;
	const unsigned char *code = (unsigned char *)STUB;

	for (unsigned int i = 0; i < PAGE - 1; i++)
		if (code[i] == 0x0f && code[i + 1] == 0x05 && !sigsetjmp(rescue, 0))
			asm volatile("jmp *%0" :: "r"(code + i), "a"(SYS_rt_sigprocmask), "D"(SIG_SETMASK),
				     "S"(&all), "d"(0) : "memory");
}

static void spin(unsigned int kind)
{
	unsigned char code32[] = { 0x31, 0xe4, 0xeb, 0xfe };	/* xor %esp, %esp; jmp . */
	char *low;

	switch (kind) {
	case 1: spin_on(0); break;
	case 2: spin_on(0x8000000000000000); break;
	case 3: spin_on(STUB_END - 0x1000); break;
	case 4: spin_on(SLOT_RW + 0x1000 + 64); break;
	case 5: spin_on(0x700040001000); break;
	case 6: if (in_guest) fill_slot(0xff); break;
	case 7: while (in_guest) fill_slot(0); break;
	case 8: signal(SIGTRAP, SIG_IGN); spin_with_flag(0x100); break;
	case 9: if (in_guest) block_at_stub(); break;
	case 10: asm volatile("mov $158, %%eax\n\tmov $0x1002, %%edi\n\txor %%esi, %%esi\n\tsyscall\n"
			      "1:\tjmp 1b" ::: "memory"); break;
	case 11: if (has_pku())
			asm volatile("wrpkru\n1:\tjmp 1b" :: "a"(0xffffffff), "c"(0), "d"(0) : "memory");
		 break;
	case 12: low = map_anonymous(64 << 20, PROT_READ | PROT_WRITE);
		 for (;;)
			asm volatile("rep stosb" :: "D"(low), "c"(64 << 20), "a"(1) : "memory");
	case 13: low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		 memcpy(low, code32, sizeof(code32));
		 asm volatile("push $0x23\n\tpush %0\n\tlretq" :: "r"(low) : "memory");
		 break;
	case 14: asm volatile("fninit\n\tpush $0\n\tfldcw (%%rsp)\n\tfldz\n\tfld1\n\tfdivp\n1:\tjmp 1b"
			      ::: "memory"); break;
	case 15: spin_with_flag(0x40000); break;
	case 16: spin_with_flag(0x400); break;
	}
	for (;;)
		;
}

static pid_t start(unsigned int kind, int with_alarm)
{
	pid_t pid = fork();

	CHECK(pid >= 0, "fork");
	if (pid)
		return pid;
	become_attacker();
	struct itimerval alarm = { { 0, 0 }, { 0, with_alarm ? 100000 : 0 } };
	signal(SIGALRM, SIG_DFL);
	setitimer(ITIMER_REAL, &alarm, NULL);
	spin(kind);
	_exit(0);
}

/* Waits at most a second for the end. */
static int ended(pid_t pid, int *status)
{
	int64_t start = now_ns(CLOCK_MONOTONIC);

	while (now_ns(CLOCK_MONOTONIC) - start < SECOND) {
		if (waitpid(pid, status, WNOHANG) == pid)
			return 1;
		usleep(2000);
	}
	return 0;
}

int main(void)
{
	campaign = map_shared(PAGE);
	on_signal(SIGSEGV, to_rescue, SA_NODEFER);
	in_guest = readable(STUB);
	start_canary();
	for (unsigned int kind = 0; kind < KINDS; kind++) {
		int status;
		pid_t pid = start(kind, 1);
		if (!ended(pid, &status)) {
			kill(pid, SIGKILL);
			FAIL("%s: its own alarm does not end it", names[kind]);
		}

		pid = start(kind, 0);
		int64_t before = now_ns(CLOCK_MONOTONIC);
		for (int i = 0; i < 5; i++)
			usleep(10000);
		CHECK(now_ns(CLOCK_MONOTONIC) - before < SECOND, "%s: others do not get the CPU", names[kind]);
		kill(pid, SIGKILL);
		CHECK(ended(pid, &status), "%s: SIGKILL does not end it", names[kind]);
	}
	check_canary();
	return 0;
}
