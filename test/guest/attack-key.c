/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on isolation by protection key: get the key open, by jumping at what can open it, by a
 * forged trap, or by an instruction of one's own. What counts is whether the kernel's memory can
 * be read afterwards. They hold for isolation by process just as well.
 *
 *	attack-key [all]
 *
 * With "all", every byte of the switcher's code is jumped to, not only those near a gate.
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
	uint64_t rax, rcx, rdx, rdi, rsi, rsp, rbx;
};

static void *target;

static __attribute__((noinline)) void jump(const struct registers *r)
{
	asm volatile("mov 8(%0), %%rcx; mov 16(%0), %%rdx; mov 32(%0), %%rsi; mov 48(%0), %%rbx\n"
		     "	mov 0(%0), %%rax; mov 40(%0), %%rsp; mov 24(%0), %%rdi\n"
		     "	jmp *%1"
		     : : "D"(r), "m"(target) : "memory");
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
	target = (void *)(CODE + s.offset);
	/* A page fault in the switcher's code would end the attempt. */
	for (int at = 0; at < 4; at++)
		*(volatile char *)(image + at * PAGE) += 0;
	*(volatile uint64_t *)stacks[0] += 0;
	loot = 0;
	if (!sigsetjmp(rescue, 0))
		jump(&r);
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

static void plan(int all)
{
	long size = 0;

	while (readable(CODE + size))
		size += PAGE;
	code = (unsigned char *)CODE;
	shots = map_anonymous(sizeof(*shots) * (size + 1) * nr_stacks * FLAVOURS, PROT_READ | PROT_WRITE);
	for (long offset = 0; offset < size - 2; offset++) {
		int near = all;

		for (long at = offset; at <= offset + 12 && at < size - 2 && !near; at++)
			near = opens_key(code + at) && (code[at + 1] != 0x05 || at == offset);
		for (int s = 0; near && s < nr_stacks; s++)
			for (int f = 0; f < FLAVOURS; f++)
				shots[nr_shots++] = (struct shot){ offset, s, f };
	}
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

/* In a process of its own: the first that succeeds in executing it has lost the key. */
static void own_code(long i)
{
	pid_t pid = raw(SYS_fork, 0, 0, 0);

	if (!pid) {
		try_own_code(i);
		raw(SYS_exit_group, 0, 0, 0);
	}
	waitpid(pid, NULL, 0);
}

#define TAINT_DIE 7

static int kernel_oopsed(void)
{
	char text[32] = "";
	int fd = open("/proc/sys/kernel/tainted", O_RDONLY);

	CHECK(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0, "/proc/sys/kernel/tainted");
	close(fd);
	return atol(text) >> TAINT_DIE & 1;
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

int main(int argc, char **argv)
{
	int all = argc > 1 && !strcmp(argv[1], "all");

	on_signal(SIGSEGV, to_rescue, SA_NODEFER);
	campaign = map_shared(PAGE);
	make_image();
	if (sysconf(_SC_AVPHYS_PAGES) > 80000)
		use_up_mappings();
	else
		printf("too little memory to use up all mappings\n");
	start_canary();
	run_campaign("instructions of its own", 20 * (int)sizeof(wrpkru), own_code);
	run_campaign("bases", 4, bad_base);
	if (!readable(CODE)) {
		printf("no switcher at %#lx: this program is isolated by process\n", CODE);
		check_canary();
		return 0;
	}
	list_stacks();
	run_campaign("words", 9, words);
	run_campaign("window", sysconf(_SC_PHYS_PAGES), window);
	run_campaign("stack pointer", 2 * ((SLOT_END - SLOT_RO) / 8 + 32) / (all ? 1 : 8), move_stack);
	plan(all);
	run_campaign("gate", nr_shots, shoot);
	check_canary();
	return 0;
}
