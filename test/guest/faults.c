/* SPDX-License-Identifier: Apache-2.0 */
/* Every fault arrives as the right signal, code and address, and the program can go on. */
#include "check.h"
#include <setjmp.h>
#include <sys/ucontext.h>

#ifndef SI_KERNEL
#define SI_KERNEL 0x80
#endif
#define ANY ((void *)-1)

static siginfo_t seen;
static greg_t seen_ip, seen_trapno, seen_err;
static sigjmp_buf back;

static void catch(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	seen = *info;
	seen_ip = uc->uc_mcontext.gregs[REG_RIP];
	seen_trapno = uc->uc_mcontext.gregs[REG_TRAPNO];
	seen_err = uc->uc_mcontext.gregs[REG_ERR];
	siglongjmp(back, 1);
}

static void expect(const char *what, int signo, int code, void *addr)
{
	CHECK(seen.si_signo == signo, "%s: signal %d, want %d", what, seen.si_signo, signo);
	CHECK(seen.si_code == code, "%s: code %d, want %d", what, seen.si_code, code);
	CHECK(addr == ANY || seen.si_addr == addr, "%s: address %p, want %p", what, seen.si_addr, addr);
}

#define FAULTS(what, signo, code, addr, statement) do {		\
	memset(&seen, 0, sizeof(seen));				\
	if (!sigsetjmp(back, 1)) {				\
		statement;					\
		FAIL(what ": no fault");			\
	}							\
	expect(what, signo, code, addr);			\
} while (0)

extern char divide_ip[], ud2_ip[], int3_after[];

__attribute__((noinline)) static void divide(void)
{
	asm volatile("xor %%ecx, %%ecx; mov $1, %%eax; cltd\n"
		     ".globl divide_ip\ndivide_ip: idiv %%ecx" ::: "eax", "ecx", "edx", "cc");
}

__attribute__((noinline)) static void undefined(void)
{
	asm volatile(".globl ud2_ip\nud2_ip: ud2");
}

__attribute__((noinline)) static void breakpoint(void)
{
	asm volatile("int3\n.globl int3_after\nint3_after: nop");
}

static void float_divide(void)
{
	volatile double zero = 0, one = 1;
	uint32_t mxcsr = 0x1f80 & ~0x200;	/* divide-by-zero unmasked */

	asm volatile("ldmxcsr %0" :: "m"(mxcsr));
	one = one / zero;
}

static void x87_divide(void)
{
	uint16_t fcw = 0x37f & ~4;

	asm volatile("fninit; fldcw %0; fldz; fld1; fdivp; fwait" :: "m"(fcw));
}

static void misaligned(void)
{
	static uint64_t words[2];

	asm volatile("pushf; orq $0x40000, (%%rsp); popf\n\t"
		     "mov 1(%0), %%eax" :: "r"(words) : "eax", "memory");
}

static void clear_ac(void)
{
	asm volatile("pushf; andq $~0x40000, (%%rsp); popf" ::: "cc", "memory");
}

/* Resuming: the handler mends the cause and the same instruction is tried again. */
static char *page;
static volatile int mended;

static void mend(int signo, siginfo_t *info, void *context)
{
	mended++;
	CHECK(info->si_addr == page + 123, "fault at %p", info->si_addr);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
}

static void skip_ud2(int signo, siginfo_t *info, void *context)
{
	mended++;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

static void resume(void)
{
	on_signal(SIGSEGV, mend, 0);
	for (int i = 0; i < 200; i++) {
		mprotect(page, PAGE, i & 1 ? PROT_NONE : PROT_READ);
		((volatile char *)page)[123] = i;
		CHECK(page[123] == (char)i, "store %d was lost", i);
	}
	CHECK(mended == 200, "%d faults of 200", mended);

	mended = 0;
	on_signal(SIGILL, skip_ud2, 0);
	for (int i = 0; i < 200; i++) {
		uint64_t rax = i, rbx = ~i;
		asm volatile("ud2" : "+a"(rax), "+b"(rbx));
		CHECK(rax == (uint64_t)i && rbx == (uint64_t)~i, "registers changed");
	}
	CHECK(mended == 200, "%d traps of 200", mended);
}

int main(void)
{
	int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	FILE *file = tmpfile();

	for (int i = 0; i < 5; i++)
		on_signal(signals[i], catch, 0);
	page = map_anonymous(PAGE, PROT_READ | PROT_WRITE);
	page[0] = 1;

	FAULTS("null", SIGSEGV, SEGV_MAPERR, NULL, *(volatile char *)NULL);
	CHECK(seen_trapno == 14 && (seen_err & 7) == 4, "null: trap %d error %#x", (int)seen_trapno,
	      (int)seen_err);
	FAULTS("hole", SIGSEGV, SEGV_MAPERR, (void *)0x5123456789abUL,
	       *(volatile char *)0x5123456789abUL = 1);
	CHECK((seen_err & 2) == 2, "hole: error %#x", (int)seen_err);
	mprotect(page, PAGE, PROT_READ);
	FAULTS("read-only", SIGSEGV, SEGV_ACCERR, page + 5, ((volatile char *)page)[5] = 1);
	CHECK(page[0] == 1, "contents of a read-only page");
	mprotect(page, PAGE, PROT_NONE);
	FAULTS("no access", SIGSEGV, SEGV_ACCERR, page + 7, ((volatile char *)page)[7]);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	FAULTS("execute data", SIGSEGV, SEGV_ACCERR, page, ((void (*)(void))page)());
	CHECK((seen_err & 16) == 16, "execute data: error %#x", (int)seen_err);
	FAULTS("jump to null", SIGSEGV, SEGV_MAPERR, NULL, ((void (*)(void))NULL)());
	FAULTS("kernel address", SIGSEGV, SEGV_MAPERR, (void *)0x700040000000UL,
	       *(volatile char *)0x700040000000UL);
	FAULTS("not canonical", SIGSEGV, SI_KERNEL, NULL, *(volatile char *)0x8000000000000000UL);
	FAULTS("hlt", SIGSEGV, SI_KERNEL, NULL, asm volatile("hlt"));
	FAULTS("cli", SIGSEGV, SI_KERNEL, NULL, asm volatile("cli"));
	FAULTS("divide", SIGFPE, FPE_INTDIV, divide_ip, divide());
	FAULTS("ud2", SIGILL, ILL_ILLOPN, ud2_ip, undefined());
	FAULTS("int3", SIGTRAP, SI_KERNEL, ANY, breakpoint());
	CHECK(seen_ip == (greg_t)int3_after, "int3: at %#lx", (long)seen_ip);
	FAULTS("SSE divide", SIGFPE, FPE_FLTDIV, ANY, float_divide());
	FAULTS("x87 divide", SIGFPE, FPE_FLTDIV, ANY, x87_divide());
	FAULTS("misaligned", SIGBUS, BUS_ADRALN, ANY, misaligned());
	clear_ac();

	CHECK(file && ftruncate(fileno(file), PAGE) == 0, "temporary file");
	char *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
	CHECK(map != MAP_FAILED, "mmap of a file");
	map[5] = 1;
	FAULTS("beyond the file", SIGBUS, BUS_ADRERR, map + PAGE + 3,
	       ((volatile char *)map)[PAGE + 3]);

	resume();
	return 0;
}
