/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest kernel that attacks its host instead of running programs. One attack a boot, named on
 * the command line as attack=NAME, with pid=N a process of the host and path=FILE a file there.
 *
 * It says "trying NAME" first, "NAME returned N" if the host let it go on, and powers off. A call
 * that the host allowed shows as a result that is not negative.
 */
#include <asm/unistd_64.h>
#include "lodger_abi.h"

static struct lodger_hypercalls *hc;
static long host_pid;
static char *host_path;

static long syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = f;
	long r;

	asm volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		     : "rcx", "r11", "memory");
	return r;
}

#define CALL(nr, a, b, c) syscall6(__NR_##nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)

static unsigned long length(const char *s)
{
	unsigned long n = 0;

	while (s[n])
		n++;
	return n;
}

static void say(const char *s)
{
	hc->console_write(s, length(s));
}

static void say_number(long v)
{
	char digits[24];
	int at = sizeof(digits);
	unsigned long u = v < 0 ? -(unsigned long)v : (unsigned long)v;

	digits[--at] = 0;
	do
		digits[--at] = '0' + u % 10;
	while (u /= 10);
	if (v < 0)
		digits[--at] = '-';
	say(digits + at);
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Finds name=value on the command line, cuts it out and returns the value. */
static char *argument(const char *name)
{
	static char line[LODGER_CMDLINE_MAX], value[3][256];
	static int used;
	const char *from = (char *)(LODGER_CONTROL + LODGER_CONTROL_CMDLINE);
	char *to = value[used++];
	unsigned long n = length(name), at = 0, i;

	for (i = 0; i + 1 < sizeof(line) && from[i]; i++)
		line[i] = from[i];
	line[i] = 0;
	for (i = 0; line[i]; i++) {
		unsigned long j = 0;
		while (j < n && line[i + j] == name[j])
			j++;
		if (j == n && (i == 0 || line[i - 1] == ' '))
			for (i += n; line[i] && line[i] != ' ' && at < 255; i++)
				to[at++] = line[i];
		if (!line[i])
			break;
	}
	to[at] = 0;
	return to;
}

/* Host system calls, each of which must be denied or end this guest. */
static long do_open(void) { return CALL(open, host_path, 0102, 0644); }
static long do_openat(void) { return CALL(openat, -100, host_path, 0102); }
static long do_openat2(void) { long how[3] = { 0102, 0644, 0 }; return syscall6(437, -100, (long)host_path, (long)how, 24, 0, 0); }
static long do_socket(void) { return CALL(socket, 2, 1, 0); }
static long do_fork(void) { return CALL(fork, 0, 0, 0); }
static long do_clone(void) { return CALL(clone, 0x11, 0, 0); }
static long do_execve(void) { char *argv[2] = { host_path, 0 }; return CALL(execve, host_path, argv, 0); }
static long do_kill(void) { return CALL(kill, host_pid, 15, 0); }
static long do_tkill(void) { return CALL(tkill, host_pid, 15, 0); }
static long do_tgkill(void) { return CALL(tgkill, host_pid, host_pid, 15); }
static long do_sigqueue(void) { long info[16] = { 15 }; return CALL(rt_sigqueueinfo, host_pid, 15, info); }
static long do_pidfd_open(void) { return syscall6(434, host_pid, 0, 0, 0, 0, 0); }
static long do_ptrace(void) { return syscall6(__NR_ptrace, 16, host_pid, 0, 0, 0, 0); }
static long do_vm_read(void)
{
	char text[8];
	long here[2] = { (long)text, 8 }, there[2] = { 0x400000, 8 };
	return syscall6(__NR_process_vm_readv, host_pid, (long)here, 1, (long)there, 1, 0);
}
static long do_mmap_control(void) { return syscall6(__NR_mmap, 0, 4096, 3, 1, LODGER_FD_CONTROL, 0); }
static long do_mmap_slots(void)
{
	for (long fd = 0; fd < 64; fd++)
		if (fd != LODGER_FD_RAM) {
			long r = syscall6(__NR_mmap, 0, 4096, 3, 1, fd, 0);
			if (r > 0)
				return r;
		}
	return -1;
}
static long do_mprotect(void) { return CALL(mprotect, 0x750000100000, 4096, 7); }
static long do_memfd(void) { return CALL(memfd_create, "hostile", 0, 0); }
static long do_truncate(void) { return CALL(ftruncate, LODGER_FD_RAM, 0, 0); }
static long do_read(void) { char c; return CALL(read, 0, &c, 1); }
static long do_write_stdout(void) { return CALL(write, 1, "forged output\n", 14); }
static long do_dup(void) { return CALL(dup, LODGER_FD_RAM, 0, 0); }
static long do_tiocsti(void) { return CALL(ioctl, 2, 0x5412, "x"); }
static long do_prctl(void) { return CALL(prctl, 1, 0, 0); }
static long do_seccomp(void) { return CALL(seccomp, 0, 0, 0); }
static long do_setrlimit(void) { long r[2] = { -1, -1 }; return CALL(setrlimit, 7, r, 0); }
static long do_unshare(void) { return CALL(unshare, 0x10000000, 0, 0); }
static long do_io_uring(void) { char p[256] = { 0 }; return CALL(io_uring_setup, 8, p, 0); }
static long do_userfaultfd(void) { return CALL(userfaultfd, 0, 0, 0); }
static long do_bpf(void) { return CALL(bpf, 0, 0, 0); }
static long do_unlink(void) { return CALL(unlink, host_path, 0, 0); }
static long do_chmod(void) { return CALL(chmod, host_path, 0777, 0); }
static long do_sigaction(void) { return syscall6(__NR_rt_sigaction, 10, 0, 0, 8, 0, 0); }
static long do_sigprocmask(void) { long all = -1; return syscall6(__NR_rt_sigprocmask, 2, (long)&all, 0, 8, 0, 0); }
static long do_sched(void) { long mask = 1; return CALL(sched_setaffinity, 0, 8, &mask); }
static long do_int80(void)
{
	long r;
	asm volatile("int $0x80" : "=a"(r) : "a"(20L), "b"(0L) : "memory");	/* getpid of the 32-bit table */
	return r;
}
static long do_x32(void) { return syscall6(0x40000000 | __NR_getpid, 0, 0, 0, 0, 0, 0); }
/* Notifications are answered from ANSWER, whose flags are in a page of zeroes: see slot.h. */
#define NOTIF_SEND	0xc0182101UL
#define ANSWER_FLAGS	0x75c000001000
static long answer_from(__u64 *answer)
{
	for (long fd = 0; fd < 4096; fd++) {
		long r = CALL(ioctl, fd, NOTIF_SEND, answer);
		if (r != -9 && r != -25)
			return -r;	/* a listener looked at it */
	}
	return -1;
}
static long do_answer_elsewhere(void) { __u64 go_on[3] = { 0, 0, 1UL << 32 }; return answer_from(go_on); }
static long do_answer_beside(void) { return answer_from((__u64 *)(ANSWER_FLAGS - 24)); }
static long do_answer_map(void) { return syscall6(__NR_mmap, ANSWER_FLAGS, 4096, 3, 0x11, LODGER_FD_RAM, 0); }
static long do_answer_map_around(void) { return syscall6(__NR_mmap, ANSWER_FLAGS - 0x40000000, 0x80000000, 3, 0x11, LODGER_FD_RAM, 0); }
static long do_answer_map_wrap(void) { return syscall6(__NR_mmap, ANSWER_FLAGS - 0xf000, -0xf0000000UL, 3, 0x11, LODGER_FD_RAM, 0); }
static long do_answer_unmap(void) { return CALL(munmap, ANSWER_FLAGS, 4096, 0); }
static long do_answer_unmap_all(void) { return CALL(munmap, 0x740000000000, 0x3f0000000000, 0); }
static long do_answer_protect(void) { return CALL(mprotect, ANSWER_FLAGS, 4096, 3); }
/* Whatever the host writes for a kernel: none of it may get there. */
static long do_answer_write(void)
{
	return CALL(getrandom, ANSWER_FLAGS, 4096, 0) > 0 || CALL(clock_gettime, 0, ANSWER_FLAGS, 0) == 0 ? 1 : -1;
}

/* The descriptors that K has: none but its own slots' tasks may be signalled through them. */
static long do_pidfd_signal(void)
{
	for (long fd = 0; fd < 4096; fd++)
		syscall6(__NR_pidfd_send_signal, fd, 9, 0, 0, 0, 0);
	return -1;		/* the host side looks at its canary */
}

/* Hypercalls with arguments that no sane kernel would pass: refused, or harmless. */
static void run_nothing(long space)
{
	static struct lodger_regs regs;
	static struct lodger_trap trap;
	static char xstate[16384] __attribute__((aligned(64)));

	regs.r[LODGER_RIP] = 0x10000;
	regs.r[LODGER_CS] = 0x33;
	regs.r[LODGER_SS] = 0x2b;
	regs.r[LODGER_RFLAGS] = 0x202;
	hc->run_user(space, &regs, xstate, &trap);
	if (trap.reason != LODGER_TRAP_FAULT || trap.address != 0x10000)
		say("an empty space did not fault\n");
}

static long map_over_stub(void)
{
	struct lodger_map_op ops[] = {
		{ 0x750000000000, 4096, 0, 7, LODGER_OP_MAP },
		{ LODGER_TASK_SIZE, 4096, 0, 7, LODGER_OP_MAP },
		{ 0x750000000000, 0x20000, 0, 0, LODGER_OP_UNMAP },
		{ 0x7ffff7000000, 4096, 0, 7, LODGER_OP_MAP },
		{ 0x10000, 4096, -4096UL, 3, LODGER_OP_MAP },
		{ 0x10000, 1UL << 60, 0, 3, LODGER_OP_MAP },
		{ 0x10001, 4096, 0, 3, LODGER_OP_MAP },
	};
	long space = hc->space_create(0), accepted = -1;

	run_nothing(space);	/* a space that never ran has no translations to change */
	for (unsigned int i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		if (hc->space_update(space, &ops[i], 1) >= 0)
			accepted = i;
	return accepted;
}

static long wild_spaces(void)
{
	struct lodger_map_op op = { 0x10000, 4096, 0, 3, LODGER_OP_MAP };
	long accepted = -1;

	for (long space = 1000000; space > 0 && space < 1L << 32; space *= 7)
		if (hc->space_update(space, &op, 1) >= 0)
			accepted = space;
	hc->space_destroy(0xffffffff);
	hc->space_destroy(0);
	return accepted;
}

static long wild_kernel_map(void)
{
	static const __u64 at[] = { 0, 0x10000, LODGER_RAM_BASE, LODGER_CONTROL, 0x750000100000, 0x760000000000,
				    0x7ffffffff000, -4096UL };
	long accepted = -1;

	for (unsigned int i = 0; i < sizeof(at) / sizeof(*at); i++)
		if (hc->kernel_map(at[i], 0, 4096, 7) >= 0)
			accepted = i;
	if (hc->kernel_map(LODGER_VMALLOC_START, -4096UL, 8192, 7) >= 0)
		accepted = 100;
	return accepted;
}

/* Registers and extended state out of any range. */
static long wild_user(void)
{
	static struct lodger_regs regs;
	static struct lodger_trap trap;
	static char xstate[16384] __attribute__((aligned(64)));
	long space = hc->space_create(0);

	for (int i = 0; i < LODGER_NR_REGS; i++)
		regs.r[i] = 0x8000000000000000 + i;
	for (int i = 0; i < 16384; i++)
		xstate[i] = 0xff;
	hc->run_user(space, &regs, xstate, &trap);
	return -(long)trap.reason;
}

/* Noise in everything that the launcher reads, and every bell rung. */
static long noise(void)
{
	__u64 x = 88172645463325252ULL;
	volatile __u64 *devices = (__u64 *)(LODGER_CONTROL + LODGER_CONTROL_DEVICES);

	for (int round = 0; round < 50; round++) {
		for (unsigned int i = 0; i < LODGER_MAX_DEVICES * sizeof(struct lodger_device) / 8; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			devices[i] = x;
		}
		for (__u32 i = 0; i < LODGER_MAX_DEVICES; i++)
			hc->notify(i);
	}
	hc->notify(0xffffffff);
	return -1;
}

static long spin(void) { asm volatile("1: jmp 1b"); return -1; }
static long panic(void) { hc->shutdown(LODGER_EXIT_PANIC); return -1; }
static long odd_status(void) { hc->shutdown(0xdead); return -1; }
static long fault(void) { asm volatile("movb $1, 8"); return -1; }
static long fault_in_stack(void) { asm volatile("xor %esp, %esp; push %rax"); return -1; }
static long answer_flags(void) { *(volatile __u32 *)ANSWER_FLAGS = 1; return 1; }
static long flood(void)
{
	for (int i = 0; i < 200000; i++)
		say("a line of a guest that has nothing to say, again and again and again\n");
	return -1;
}
static long scribble(void)
{
	volatile __u64 *word;

	/* All that this process can write above its own window: each write may end it. */
	for (word = (__u64 *)0x760000000000; word < (__u64 *)0x760000010000; word++)
		*word = ~0UL;
	for (word = (__u64 *)0x750000100000; word < (__u64 *)0x750000140000; word++)
		*word = 0;
	return -1;
}

#define ATTACK(name) { #name, do_##name }
#define OTHER(name) { #name, name }
static const struct attack {
	const char *name;
	long (*go)(void);
} attacks[] = {
	ATTACK(open), ATTACK(openat), ATTACK(openat2), ATTACK(socket), ATTACK(fork), ATTACK(clone),
	ATTACK(execve), ATTACK(kill), ATTACK(tkill), ATTACK(tgkill), ATTACK(sigqueue), ATTACK(pidfd_open),
	ATTACK(ptrace), ATTACK(vm_read), ATTACK(mmap_control), ATTACK(mmap_slots), ATTACK(mprotect),
	ATTACK(memfd), ATTACK(truncate), ATTACK(read), ATTACK(write_stdout), ATTACK(dup), ATTACK(tiocsti),
	ATTACK(prctl), ATTACK(seccomp), ATTACK(setrlimit), ATTACK(unshare), ATTACK(io_uring),
	ATTACK(userfaultfd), ATTACK(bpf), ATTACK(unlink), ATTACK(chmod), ATTACK(sigaction),
	ATTACK(sigprocmask), ATTACK(sched), ATTACK(int80), ATTACK(x32), ATTACK(pidfd_signal),
	ATTACK(answer_elsewhere), ATTACK(answer_beside), ATTACK(answer_map), ATTACK(answer_map_around),
	ATTACK(answer_map_wrap), ATTACK(answer_unmap), ATTACK(answer_unmap_all), ATTACK(answer_protect),
	ATTACK(answer_write), OTHER(answer_flags),
	OTHER(map_over_stub), OTHER(wild_spaces), OTHER(wild_kernel_map), OTHER(wild_user), OTHER(noise),
	OTHER(spin), OTHER(panic), OTHER(odd_status), OTHER(fault), OTHER(fault_in_stack), OTHER(flood),
	OTHER(scribble),
};

__attribute__((used, section(".text.entry")))
void entry(struct lodger_boot_info *boot, struct lodger_hypercalls *table)
{
	char *wanted, *p;

	hc = table;
	wanted = argument("attack=");
	host_path = argument("path=");
	for (p = argument("pid="); *p; p++)
		host_pid = host_pid * 10 + *p - '0';
	if (boot->magic != LODGER_BOOT_MAGIC)
		say("no boot info\n");
	for (unsigned int i = 0; i < sizeof(attacks) / sizeof(*attacks); i++)
		if (same(attacks[i].name, wanted)) {
			say("trying ");
			say(wanted);
			say("\n");
			long r = attacks[i].go();
			say(wanted);
			say(" returned ");
			say_number(r);
			say("\n");
			hc->shutdown(LODGER_EXIT_POWEROFF);
		}
	say("no such attack\n");
	hc->shutdown(LODGER_EXIT_PANIC);
}
