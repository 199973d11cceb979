/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on isolation by protection key: get the key open, by jumping at what can open it, by a
 * forged trap, or by an instruction of one's own. What counts is whether the kernel's memory can
 * be read afterwards. They hold for isolation by process just as well.
 *
 *	attack-key [all | CAMPAIGN [STRIDE]]
 *
 * With "all", every byte of the switcher's code is jumped to, not only those near a gate; with the name
 * of a campaign, only that one is made, or every so many of its attempts where all would take too long.
 */
#include "attack.h"
#include <cpuid.h>
#include <linux/filter.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define CODE		0x750000100000UL	/* the switcher's */
#define SLOT_RO		0x750000010000UL
#define SLOT_END	0x750000030000UL
#define RAM		0x700040000000UL
#define CALLS_SAVED	0x750000030000UL	/* where rewritten calls save registers */
#define CALLS_LOW	0x10000UL		/* their trampolines */
#define TRAMPOLINE	32
#define PKRU_BIT	9

/* What only the kernel may see, in a process that it shares with the program. */
static const uintptr_t secrets[] = {
	RAM, RAM + 0x1000, RAM + 0x800000, 0x730000000000, 0x760000000000, 0x770000000000,
	0x758000000000,
};
/* The stack of signals, which is the program's own if it is isolated by process. */
static const uintptr_t keyed[] = { SLOT_RO + 0x3000, SLOT_END - 0x1000 };

static void check_key(const char *what, long detail)
{
	for (unsigned int i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		if (readable(secrets[i]))
			BREACH("%s %#lx: kernel memory at %#lx can be read", what, detail, secrets[i]);
	for (unsigned int i = 0; i < 2 && readable(CODE); i++)
		if (readable(keyed[i]))
			BREACH("%s %#lx: the stack at %#lx can be read", what, detail, keyed[i]);
}

/*
 * Where a key that has been opened is used: at once, for any trap would close it again. It faults
 * unless the attack has succeeded.
 */
static volatile uint64_t loot;
void take_loot(void);
asm(".text\ntake_loot:	movabs 0x700040001000, %rax\n"
    "	mov %rax, loot(%rip)\n	movl $1, loot_taken(%rip)\n	ud2\n");
static volatile int loot_taken __attribute__((used));

struct registers {
	uint64_t rax, rcx, rdx, rdi, rsi, rsp, rbx, r11;
};

static void *target;

static __attribute__((noinline)) void jump(const struct registers *r)
{
	asm volatile("mov 56(%0), %%r11; mov 8(%0), %%rcx; mov 16(%0), %%rdx; mov 32(%0), %%rsi; mov 48(%0), %%rbx\n"
		     "	mov 0(%0), %%rax; mov 40(%0), %%rsp; mov 24(%0), %%rdi\n"
		     "	jmp *%1"
		     : : "D"(r), "m"(target) : "memory");
}

static __attribute__((noinline)) void jump_to(void *at, const struct registers *r)
{
	target = at;
	if (!sigsetjmp(rescue, 0))
		jump(r);
}

static char *image;		/* an xsave image that opens every key */

static void make_image(void)
{
	unsigned int size = 0, offset = 0, c, d;

	image = map_anonymous(4 * PAGE, PROT_READ | PROT_WRITE);
	__cpuid_count(0xd, PKRU_BIT, size, offset, c, d);
	*(uint16_t *)image = 0x37f;
	*(uint32_t *)(image + 24) = 0x1f80;
	*(uint64_t *)(image + 512) = 1 << PKRU_BIT;
	if (size && offset + size < 4 * PAGE)
		memset(image + offset, 0, size);
}

static uint64_t stacks[16];
static int nr_stacks;

static void list_stacks(void)
{
	const uint64_t *ro = (uint64_t *)SLOT_RO;
	uint64_t *own = (uint64_t *)(map_anonymous(16 * PAGE, PROT_READ | PROT_WRITE) + 8 * PAGE);
	uint64_t words[] = { 0, 0, 0, (uint64_t)take_loot, 0x33, 0x202, (uint64_t)own, 0x2b };

	/* Whatever leaves the gate by ret or by iretq goes to the loot. */
	for (int i = 0; i < 64; i++)
		own[i] = (uint64_t)take_loot;
	stacks[nr_stacks++] = (uint64_t)own;
	memcpy(own + 64, words, sizeof(words));
	stacks[nr_stacks++] = (uint64_t)(own + 64);
	stacks[nr_stacks++] = ro[0];			/* where a trap's frame is */
	stacks[nr_stacks++] = ro[16];			/* and that of a signal on top of it */
	stacks[nr_stacks++] = ro[0] - 64;
	stacks[nr_stacks++] = SLOT_END - 8;
	stacks[nr_stacks++] = SLOT_RO + 0x3000 + 64;	/* the lowest place of that stack */
	stacks[nr_stacks++] = RAM + 0x900000;
	stacks[nr_stacks++] = 0x8000000000000000;
	stacks[nr_stacks++] = (uint64_t)image;
}

struct shot {
	uint32_t offset;
	uint8_t stack, registers;
};

static struct shot *shots;
static long nr_shots;
static const unsigned char *code;

#define FLAVOURS 4

static void shoot(long i)
{
	struct shot s = shots[i];
	struct registers r = { .rsp = stacks[s.stack] };

	switch (s.registers) {
	case 0: break;						/* wrpkru: all keys open */
	case 1: r.rdi = 14; break;				/* as a timer's signal */
	case 2: r = (struct registers){ .rax = -1, .rdx = -1, .rcx = (uint64_t)image,
			.rdi = (uint64_t)image, .rsi = -1, .rsp = r.rsp }; break;	/* xrstor */
	case 3: r.rax = SYS_rt_sigreturn; break;
	}
	/* A page fault in the switcher's code would end the attempt. */
	for (int at = 0; at < 4; at++)
		*(volatile char *)(image + at * PAGE) += 0;
	*(volatile uint64_t *)stacks[0] += 0;
	jump_to((void *)(CODE + s.offset), &r);
	if (loot_taken)
		BREACH("jump to %#lx, stack %d, registers %d: the key is open", CODE + s.offset,
		       s.stack, s.registers);
	check_key("jump to", CODE + s.offset);
}

static int opens_key(const unsigned char *p)
{
	return p[0] == 0x0f && ((p[1] == 0x01 && p[2] == 0xef) ||
				(p[1] == 0xae && (p[2] & 0x38) == 0x28 && p[2] < 0xc0) || p[1] == 0x05);
}

static long first_gate = -1, last_gate;

static void plan(int all)
{
	long size = 0;

	while (readable(CODE + size))
		size += PAGE;
	code = (unsigned char *)CODE;
	shots = map_anonymous(sizeof(*shots) * (size + 1) * nr_stacks * FLAVOURS, PROT_READ | PROT_WRITE);
	for (long offset = 0; offset < size - 2; offset++) {
		int near = all;

		if (opens_key(code + offset) && code[offset + 1] != 0x05) {
			first_gate = first_gate < 0 ? offset : first_gate;
			last_gate = offset;
		}
		for (long at = offset; at <= offset + 12 && at < size - 2 && !near; at++)
			near = opens_key(code + at) && (code[at + 1] != 0x05 || at == offset);
		for (int s = 0; near && s < nr_stacks; s++)
			for (int f = 0; f < FLAVOURS; f++)
				shots[nr_shots++] = (struct shot){ offset, s, f };
	}
}

/* Every byte of the gate, with what rewritten calls bring: a number, and words that they saved. */
static void enter(long i)
{
	static const uint64_t numbers[] = { 0, 255, 256, -1 };
	const uint64_t own = stacks[0], at[] = { own, own + 512, SLOT_RO + 0x40, SLOT_RO + 0x58,
		CALLS_SAVED, CALLS_SAVED + PAGE - 8, stacks[2] };
	long offset = first_gate - 0x90 + i / 8;
	struct registers r = {
		.rax = i & 4 ? 0x55555554 : 0, .rdi = -1, .rsp = at[(i + i / 8) % 7], .r11 = numbers[i % 4],
	};
	volatile uint64_t *saved = (uint64_t *)CALLS_SAVED;

	*(volatile uint64_t *)own += 0;
	if (writable(CALLS_SAVED)) {
		saved[0] = SYS_getppid;
		saved[1] = -1;
		saved[2] = i & 1 ? RAM + 0x900000 : r.rsp;
	}
	jump_to((void *)(CODE + offset), &r);
	if (loot_taken)
		BREACH("jump to %#lx, number %#lx, stack %#lx: the key is open", CODE + offset, r.r11, r.rsp);
	check_key("entering at", CODE + offset);
}

/* A trap with the stack pointer on the stack of signals, or below it, at every place. */
static void move_stack(long i)
{
	uint64_t sp = SLOT_END + 256 - 8 * (i / 2);

	if (sigsetjmp(rescue, 0) == 0) {
		if (i & 1)
			asm volatile("mov %0, %%rsp; mov $110, %%eax; syscall; ud2" : : "r"(sp) : "memory");
		else
			asm volatile("mov %0, %%rsp; mov %1, %%r15; mov %1, %%rbp; ud2"
				     : : "r"(sp), "r"(-1UL) : "memory");
	}
	check_key("stack pointer", sp);
}

/* Every page of the window, read and written. */
static void window(long i)
{
	uintptr_t at = RAM + i * PAGE;

	if (readable(at))
		BREACH("kernel memory at %#lx can be read", at);
	if (writable(at))
		BREACH("kernel memory at %#lx can be written", at);
}

static void words(long i)
{
	static const uintptr_t at[] = { SLOT_RO, SLOT_RO + 0x30, SLOT_RO + 0x40, SLOT_RO + 0xc0, CODE,
					0x760000000030, 0x760000020030, 0x770000001000, RAM };

	if (writable(at[i]))
		BREACH("the word at %#lx can be written", at[i]);
	check_key("word", at[i]);
}

static const unsigned char wrpkru[] = { 0x31, 0xc0, 0x31, 0xc9, 0x31, 0xd2, 0x0f, 0x01, 0xef, 0xc3 };
/* xor %eax, %eax; mov $512, %eax; cdq; xrstor (%rdi); ret */
static const unsigned char xrstor[] = { 0xb8, 0x00, 0x02, 0x00, 0x00, 0x99, 0x0f, 0xae, 0x2f, 0xc3 };

/* Calls it, and goes for the loot. */
static void run(const void *at)
{
	if (sigsetjmp(rescue, 0) == 0)
		asm volatile("lea -128(%%rsp), %%rsp; call *%0; jmp take_loot"
			     : : "r"(at), "D"(image)
			     : "rax", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");
}

static int file(void)
{
	int fd = memfd_create("attack", 0);

	CHECK(fd >= 0 && !ftruncate(fd, 2 * PAGE), "memfd");
	return fd;
}

/* An instruction of one's own, made executable in every way that a program has. */
static void try_own_code(long i)
{
	const unsigned char *bytes = i & 1 ? xrstor : wrpkru;
	const size_t len = sizeof(wrpkru);
	int way = i / 2 % 10, at = i / 20;	/* the last byte's distance from the page's end */
	static const unsigned char harmless[] = { 0xc3 };
	size_t start = PAGE - len + at;
	int fd = file(), rw = PROT_READ | PROT_WRITE, rx = PROT_READ | PROT_EXEC;
	char *p, *q;

	switch (way) {
	case 0:		/* written, then made executable */
	case 1:		/* writable and executable at once */
		p = map_anonymous(2 * PAGE, way ? rw | PROT_EXEC : rw);
		memcpy(p + start, bytes, len);
		mprotect(p, 2 * PAGE, way ? rw | PROT_EXEC : rx);
		break;
	case 2:		/* executed, changed, executed again */
		p = map_anonymous(2 * PAGE, rw);
		memset(p, harmless[0], 2 * PAGE);
		mprotect(p, 2 * PAGE, rx);
		run(p + start);
		run(p + PAGE);
		mprotect(p, 2 * PAGE, rw);
		memcpy(p + start, bytes, len);
		mprotect(p, 2 * PAGE, rx);
		break;
	case 3:		/* the halves of the instruction come separately */
		p = map_anonymous(2 * PAGE, rw);
		memset(p, harmless[0], 2 * PAGE);
		memcpy(p + start, bytes, PAGE - start);
		mprotect(p, PAGE, rx);
		run(p);
		memcpy(p + PAGE, bytes + (PAGE - start), len - (PAGE - start));
		mprotect(p + PAGE, PAGE, rx);
		break;
	case 4:		/* in a file, private */
	case 5:		/* in a file, shared */
		CHECK(pwrite(fd, bytes, len, start) == (ssize_t)len, "pwrite");
		p = mmap(NULL, 2 * PAGE, rx, way == 4 ? MAP_PRIVATE : MAP_SHARED, fd, 0);
		break;
	case 6:		/* in a file that changes after it was executed */
	case 7:		/* the same by another mapping */
		p = mmap(NULL, 2 * PAGE, rx, way == 6 ? MAP_PRIVATE : MAP_SHARED, fd, 0);
		q = mmap(NULL, 2 * PAGE, rw, MAP_SHARED, fd, 0);
		memset(q, harmless[0], 2 * PAGE);
		run(p + start);
		run(p + PAGE);
		if (way == 6)
			CHECK(pwrite(fd, bytes, len, start) == (ssize_t)len, "pwrite");
		else
			memcpy(q + start, bytes, len);
		munmap(q, 2 * PAGE);
		break;
	case 8:		/* the same by another process */
		p = mmap(NULL, 2 * PAGE, rx, MAP_SHARED, fd, 0);
		run(p);
		if (!raw(SYS_fork, 0, 0, 0)) {
			q = mmap(NULL, 2 * PAGE, rw, MAP_SHARED, fd, 0);
			memcpy(q + start, bytes, len);
			raw(SYS_exit_group, 0, 0, 0);
		}
		wait(NULL);
		break;
	default:	/* as a debugger does, by /proc/self/mem */
		p = map_anonymous(2 * PAGE, rw);
		memset(p, harmless[0], 2 * PAGE);
		mprotect(p, 2 * PAGE, rx);
		run(p + start);
		int mem = open("/proc/self/mem", O_RDWR);
		if (mem >= 0 && pwrite(mem, bytes, len, (off_t)(uintptr_t)(p + start)) < 0)
			memset(image + 3 * PAGE, 0, 8);
		close(mem);
	}
	close(fd);
	if (p == MAP_FAILED)
		return;
	run(p + start);
	if (loot_taken)
		BREACH("own code, way %d, %d bytes behind the page's end: the key is open", way, at);
	check_key("own code, way", way);
	munmap(p, 2 * PAGE);
}

/* Attempts in processes of their own are waited for. */
static void no_alarm(void)
{
	struct itimerval never = { 0 };

	setitimer(ITIMER_REAL, &never, NULL);
}

/* In a process of its own: the first that succeeds in executing it has lost the key. */
static void in_own_process(void (*attempt)(long), long i)
{
	pid_t pid;

	no_alarm();
	pid = raw(SYS_fork, 0, 0, 0);
	if (!pid) {
		attempt(i);
		raw(SYS_exit_group, 0, 0, 0);
	}
	waitpid(pid, NULL, 0);
}

static void own_code(long i)
{
	in_own_process(try_own_code, i);
}

/* Not as constants of this program's own instructions: those would demote it. */
static __attribute__((noinline)) void put_key_code(char *at, const unsigned char *bytes)
{
	asm volatile("" : "+r"(bytes));
	memcpy(at, bytes, sizeof(wrpkru));
}

/* Returns what a call of it leaves in rax; -1 also behind a signal. */
static long call(const void *at, long rax)
{
	if (sigsetjmp(rescue, 0))
		return -1;
	asm volatile("lea -128(%%rsp), %%rsp; call *%1; lea 128(%%rsp), %%rsp"
		     : "+a"(rax) : "r"(at) : "rcx", "rdx", "r11", "memory");
	return rax;
}

#define HOT 0x100

/* mov $nr, %eax; syscall; ret */
static void write_call(char *at, uint32_t nr)
{
	const uint8_t bytes[] = { 0xb8, nr, nr >> 8, nr >> 16, nr >> 24, 0x0f, 0x05, 0xc3 };

	memcpy(at, bytes, sizeof(bytes));
}

/* System calls in the middle of trampolines: they seem to come from where the page of the call is, or was. */
static void call_trampolines(long nr, int middle)
{
	for (int n = 0; n < 8; n++)
		for (volatile int i = 0; i < 12; i++)
			call((char *)CALLS_LOW + n * TRAMPOLINE + 1 + middle, nr);
}

#define HOT_WAYS 10

/*
 * A call that has become a jump, whose page then changes. Its number is a syscall instruction itself,
 * one, two or three bytes behind the start of the trampoline.
 */
static void try_hot_code(long i)
{
	const int rw = PROT_READ | PROT_WRITE, rx = PROT_READ | PROT_EXEC, middle = i / HOT_WAYS;
	const long nr = 0x50f << 8 * middle;
	const size_t key = 2048;
	char *p = mmap((void *)0x20000000, 2 * PAGE, rw, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	char was[PAGE], *q;
	int mem, way = i % HOT_WAYS, forked = way == 1;

	CHECK(p == (void *)0x20000000, "mmap");
	memset(p, 0xcc, 2 * PAGE);
	write_call(p + HOT, nr);
	memcpy(was, p, PAGE);
	mprotect(p, PAGE, rx);
	for (int n = 0; n < 20; n++)
		if (call(p + HOT, 0) != -ENOSYS)
			BREACH("call %#lx did something", nr);
	switch (way) {
	case 0:		/* written and executed in turns */
		for (int n = 0; n < 8; n++) {
			mprotect(p, PAGE, rw);
			write_call(p + HOT, nr);
			put_key_code(p + key, n == 7 ? wrpkru : (unsigned char *)was);
			mprotect(p, PAGE, rx);
			for (int k = 0; k < 6; k++)
				call(p + HOT, 0);
		}
		break;
	case 1:		/* a child that has it as well writes it, and so does its parent */
		if (!raw(SYS_fork, 0, 0, 0))
			forked = 0;
		for (int n = 0; n < 8; n++)
			call(p + HOT, 0);
		mprotect(p, PAGE, rw);
		put_key_code(p + key, wrpkru);
		mprotect(p, PAGE, rx);
		for (int n = 0; n < 8; n++)
			call(p + HOT, 0);
		break;
	case 2:		/* a debugger writes it */
		mem = open("/proc/self/mem", O_RDWR);
		if (pwrite(mem, wrpkru, sizeof(wrpkru), (off_t)(uintptr_t)(p + key)) < 0)
			memset(image + 3 * PAGE, 0, 8);
		for (int n = 0; n < 8; n++)
			call(p + HOT, 0);
		close(mem);
		break;
	case 3:		/* the trampolines are nobody's to read, and the program sees the code that it has written */
		for (int n = 0; n < 8; n++)
			if (readable(CALLS_LOW + n * TRAMPOLINE) || writable(CALLS_LOW + n * TRAMPOLINE) ||
			    readable(CALLS_LOW + PAGE + n))
				BREACH("a trampoline can be read or written");
		if (!readable((uintptr_t)p + HOT) || memcmp(p, was, PAGE) || writable((uintptr_t)p + HOT))
			BREACH("the program sees or writes other code");
		break;
	case 4:		/* every byte of a trampoline, with the key's new value in eax and edx */
		for (int at = 0; at < 4 * TRAMPOLINE; at++)
			jump_to((char *)CALLS_LOW + at, &(struct registers){ .rdi = -1, .rsp = stacks[0] });
		break;
	case 5:		/* it becomes data, with another call where a trap in the trampoline seems to be */
	case 6:
		mprotect(p, PAGE, rw);
		put_key_code(p + key, way == 6 ? xrstor : wrpkru);
		write_call(p + HOT - (middle == 2 ? 2 : 7), nr);
		call_trampolines(nr, middle);
		break;
	case 7:		/* it is gone */
		munmap(p, PAGE);
		call_trampolines(nr, middle);
		break;
	case 8:		/* another page comes in its place */
		q = map_anonymous(PAGE, rw);
		put_key_code(q + key, wrpkru);
		write_call(q + HOT - (middle == 2 ? 2 : 7), nr);
		mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p);
		*(volatile char *)p += 0;
		call_trampolines(nr, middle);
		break;
	case 9:		/* it goes elsewhere */
		mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + PAGE);
		call_trampolines(nr, middle);
		p += PAGE;
		break;
	}
	run(p + key);
	if (loot_taken)
		BREACH("hot code, way %d, middle %d: the key is open", way, middle);
	check_key("hot code, way", way);
	if (forked)
		wait(NULL);
}

static void hot_code(long i)
{
	in_own_process(try_hot_code, i);
	if (kernel_oopsed())
		BREACH("hot code, way %ld: the kernel has faulted", i % HOT_WAYS);
}

/* Where rewritten calls save registers, processes that use one slot in turns find nothing of others'. */
static void try_saved(long i)
{
	volatile uint64_t *word = (uint64_t *)CALLS_SAVED;
	const uint64_t own = 0x6b6579000000 + getpid();

	if (sigsetjmp(rescue, 0))
		BREACH("signal %d at %p", rescue_info.si_signo, rescue_info.si_addr);
	for (int n = 3; n < 512; n++)
		if (word[n])
			BREACH("the word at %p is somebody's: %#lx", &word[n], word[n]);
	for (int round = 0; round < 20; round++) {
		for (int n = 3; n < 512; n++)
			word[n] = own;
		sched_yield();
		for (int n = 3; n < 512; n++)
			if (word[n] && word[n] != own)
				BREACH("the word at %p is somebody's: %#lx", &word[n], word[n]);
	}
}

static void saved(long i)
{
	no_alarm();
	if (!writable(CALLS_SAVED))
		return;
	for (int n = 0; n < 8; n++)
		if (!raw(SYS_fork, 0, 0, 0)) {
			try_saved(i);
			raw(SYS_exit_group, 0, 0, 0);
		}
	while (wait(NULL) > 0)
		;
}

/*
 * A thread-local base that the processor refuses must not make the kernel fault. The child can not
 * use its own: it ends itself, or by a signal.
 */
static void bad_base(long i)
{
	static const unsigned long bases[] = { 1UL << 63, 1UL << 59, -1UL, RAM };
	register unsigned long tls asm("r8") = bases[i];
	register unsigned long none asm("r10") = 0;
	long pid;
	int status;

	asm volatile("syscall\n	test %%eax, %%eax\n	jnz 1f\n"
		     "	mov %5, %%eax\n	xor %%edi, %%edi\n	syscall\n	ud2\n1:"
		     : "=a"(pid)
		     : "a"(SYS_clone), "D"(CLONE_SETTLS | SIGCHLD), "S"(0), "d"(0), "i"(SYS_exit_group),
		       "r"(none), "r"(tls) : "rcx", "r11", "memory");
	if (pid <= 0)
		return;
	waitpid(pid, &status, 0);
	if (kernel_oopsed())
		BREACH("base %#lx: the kernel has faulted", bases[i]);
}

/* As many mappings as the host allows a process, then some of the kernel's: a filter is vmalloc()ed. */
static void use_up_mappings(void)
{
	const long pages = 66000, full = 64800;
	pid_t pid = fork();

	CHECK(pid >= 0, "fork");
	if (pid) {
		reap_good(pid);
		return;
	}
	CHECK(!setgid(NOBODY) && !setuid(NOBODY), "drop privileges");
	struct sock_filter accept = BPF_STMT(BPF_RET | BPF_K, 0xffff);
	struct sock_fprog filter = { 1, &accept };
	char *p = mmap(NULL, 2 * pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED, "mmap");
	madvise(p, 2 * pages * PAGE, MADV_NOHUGEPAGE);
	for (long at = 0; at < pages; at++) {
		p[2 * at * PAGE] = 1;
		if (at < full)
			continue;
		int s = socket(AF_UNIX, SOCK_DGRAM, 0);
		if (s >= 0)
			setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
	}
	_exit(0);
}

static const char *only;	/* the campaign that is asked for */

static void make(const char *what, long attempts, void (*attempt)(long))
{
	if (!only || !strcmp(only, what))
		run_campaign(what, attempts, attempt);
}

int main(int argc, char **argv)
{
	int all = argc > 1 && !strcmp(argv[1], "all");

	only = argc > 1 && !all ? argv[1] : NULL;
	stride = argc > 2 ? atol(argv[2]) : 1;
	on_signal(SIGSEGV, to_rescue, SA_NODEFER);
	campaign = map_shared(PAGE);
	make_image();
	if (only)
		printf("only %s\n", only);
	else if (sysconf(_SC_AVPHYS_PAGES) > 80000)
		use_up_mappings();
	else
		printf("too little memory to use up all mappings\n");
	start_canary();
	make("instructions of its own", 20 * (int)sizeof(wrpkru), own_code);
	make("bases", 4, bad_base);
	if (!readable(CODE)) {
		printf("no switcher at %#lx: this program is isolated by process\n", CODE);
		check_canary();
		return 0;
	}
	list_stacks();
	make("hot code", 3 * HOT_WAYS, hot_code);
	make("saved", 40, saved);
	make("words", 9, words);
	make("window", sysconf(_SC_PHYS_PAGES), window);
	make("stack pointer", 2 * ((SLOT_END - SLOT_RO) / 8 + 32) / (all ? 1 : 8), move_stack);
	plan(all);
	make("gate", nr_shots, shoot);
	make("entering", 8 * (last_gate + 12 - first_gate + 0x90), enter);
	check_canary();
	return 0;
}
