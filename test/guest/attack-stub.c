/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jumps to every byte of the stub, and of the host's vDSO around its system calls, with the registers
 * of every dangerous one. Whatever instruction lies there, the host must not act on it.
 *
 *	attack-stub [host-pid] [host-path] [all]
 *
 * host-pid is a process of the host that a signal must not reach, host-path a file there that must
 * not appear: the host side looks. Without "all", the bytes near a system call get every number,
 * the others a few.
 */
#include "attack.h"
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>

struct registers {
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp, r8, r9, r10, r11, r12, r13, r14, r15;
};

void *attack_target;

/* Loads every register, then jumps through memory, so that none is spent on the way. */
__attribute__((noreturn)) void attack_jump(const struct registers *r);
asm(".text\nattack_jump:\n"
    "	mov 0(%rdi), %rax; mov 8(%rdi), %rbx; mov 16(%rdi), %rcx; mov 24(%rdi), %rdx\n"
    "	mov 32(%rdi), %rsi; mov 48(%rdi), %rbp; mov 56(%rdi), %rsp; mov 64(%rdi), %r8\n"
    "	mov 72(%rdi), %r9; mov 80(%rdi), %r10; mov 88(%rdi), %r11; mov 96(%rdi), %r12\n"
    "	mov 104(%rdi), %r13; mov 112(%rdi), %r14; mov 120(%rdi), %r15\n"
    "	mov 40(%rdi), %rdi\n"
    "	jmp *attack_target(%rip)\n");

static pid_t host_pid = 1;
static const char *host_path = "/tmp/lodger-attack-canary";
static char *read_only;		/* a shared mapping of a file opened for reading only */
static char *private_stack;

/* Arguments that the guest refuses and a host that listened would not. */
static uint64_t all_signals = ~0UL;
static struct iovec local, remote;
static char *argv_shell[] = { NULL, NULL };

static struct call {
	long nr;
	uint64_t args[6];
} calls[40];
static int nr_calls;

static void add(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	calls[nr_calls++] = (struct call){ nr, { a, b, c, d, e, f } };
}

static void list_calls(void)
{
	int shared = MAP_SHARED | MAP_FIXED | MAP_POPULATE, all = PROT_READ | PROT_WRITE | PROT_EXEC;

	for (int fd = 3; fd < 8; fd++)
		add(SYS_mmap, HOLE, PAGE, PROT_READ | PROT_WRITE, shared, fd, 0);
	add(SYS_mmap, HOLE, PAGE, all, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
	add(SYS_mprotect, (uint64_t)read_only, PAGE, all, 0, 0, 0);
	add(SYS_munmap, STUB + 0x10000, 0x10000, 0, 0, 0, 0);
	add(SYS_open, (uint64_t)host_path, O_CREAT | O_RDWR, 0644, 0, 0, 0);
	add(SYS_openat, AT_FDCWD, (uint64_t)host_path, O_CREAT | O_RDWR, 0644, 0, 0);
	add(SYS_socket, 2, 1, 0, 0, 0, 0);
	add(SYS_kill, host_pid, SIGTERM, 0, 0, 0, 0);
	add(SYS_tgkill, host_pid, host_pid, SIGTERM, 0, 0, 0);
	add(SYS_ptrace, PTRACE_ATTACH, host_pid, 0, 0, 0, 0);
	add(SYS_process_vm_readv, host_pid, (uint64_t)&local, 1, (uint64_t)&remote, 1, 0);
	add(SYS_rt_sigprocmask, SIG_SETMASK, (uint64_t)&all_signals, 0, 8, 0, 0);
	add(SYS_rt_sigreturn, 0, 0, 0, 0, 0, 0);
	add(SYS_prctl, 1 /* PR_SET_PDEATHSIG */, 0, 0, 0, 0, 0);
	add(SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, WINDOW, 0, 0, 0, 0);
	add(SYS_seccomp, 1, 0, 0, 0, 0, 0);
	add(SYS_ioctl, 6, 0xc0182101 /* SECCOMP_IOCTL_NOTIF_SEND */, (uint64_t)read_only, 0, 0, 0);
	add(SYS_execve, (uint64_t)host_path, (uint64_t)argv_shell, 0, 0, 0, 0);
	add(SYS_clone, 0x11, 0, 0, 0, 0, 0);
	add(SYS_pidfd_send_signal, 3, SIGKILL, 0, 0, 0, 0);
	add(SYS_getppid, 0, 0, 0, 0, 0, 0);
}

#define FLAVOURS 3	/* what the other registers and the stack pointer are */

static void aim(struct registers *r, const struct call *c, int flavour)
{
	uint64_t slot = STUB + 0x10000, elsewhere[FLAVOURS] = { slot + 0x2000, slot, 0x8000000000000000 };
	uint64_t stacks[FLAVOURS] = { (uintptr_t)private_stack + 8 * PAGE, STUB_END - 0x800, 8 };
	uint64_t v = elsewhere[flavour];

	*r = (struct registers){ .rax = c->nr, .rdi = c->args[0], .rsi = c->args[1], .rdx = c->args[2],
		.r10 = c->args[3], .r8 = c->args[4], .r9 = c->args[5], .rsp = stacks[flavour],
		.rbx = v, .rbp = v, .rcx = v, .r11 = v, .r12 = 4, .r13 = v, .r14 = v, .r15 = v };
}

struct shot {
	uint32_t offset;
	uint16_t call, flavour;
};

static struct shot *shots;
static long nr_shots;

#define STUB_PAGES ((STUB_END - STUB) / PAGE)
#define PAGES (STUB_PAGES + (HOST_TIME_END - HOST_VDSO) / PAGE)

/* Of the stub's pages and those of the host's vDSO, as if these lay behind. */
static uintptr_t address(uint32_t offset)
{
	return offset < STUB_PAGES * PAGE ? STUB + offset : HOST_VDSO + offset - STUB_PAGES * PAGE;
}

static void shoot(long i)
{
	struct registers r;

	aim(&r, &calls[shots[i].call], shots[i].flavour);
	attack_target = (void *)address(shots[i].offset);
	if (!sigsetjmp(rescue, 0))
		attack_jump(&r);
	if (readable(HOLE)) {
		if (!given(HOLE))
			BREACH("offset %#x, call %ld: memory that nobody gave", shots[i].offset,
			       calls[shots[i].call].nr);
		munmap((void *)HOLE, PAGE);
	}
	if (writable((uintptr_t)read_only))
		BREACH("offset %#x, call %ld: a read-only page is writable", shots[i].offset,
		       calls[shots[i].call].nr);
}

static char code[PAGES * PAGE];

/* Is there a system-call instruction at most 24 bytes behind? */
static int near_syscall(int offset)
{
	for (int i = offset; i < offset + 24 && i + 1 < (int)sizeof(code); i++)
		if ((code[i] == 0x0f && (code[i + 1] == 0x05 || code[i + 1] == 0x34)) ||
		    (code[i] == (char)0xcd && code[i + 1] == (char)0x80))
			return 1;
	return 0;
}

/* Which pages around the stub execute? Not those whose first byte faults as data. */
static volatile char *executable;

static void look(long page)
{
	struct registers r;
	struct call none = { SYS_getppid, { 0 } };

	if (!readable(address(page * PAGE)))
		return;
	executable[page] = 1;
	aim(&r, &none, 0);
	attack_target = (void *)address(page * PAGE);
	if (!sigsetjmp(rescue, 0))
		attack_jump(&r);
	if (rescue_info.si_signo == SIGSEGV && rescue_info.si_addr == attack_target)
		executable[page] = 0;
}

static void plan(int all)
{
	shots = map_anonymous(sizeof(*shots) * PAGES * PAGE * nr_calls * FLAVOURS,
			      PROT_READ | PROT_WRITE);
	for (unsigned int offset = 0; offset < PAGES * PAGE; offset++) {
		int every = all || near_syscall(offset);
		if (!executable[offset / PAGE] || (offset >= STUB_PAGES * PAGE && !every))
			continue;
		for (int c = 0; c < nr_calls; c++)
			for (unsigned int f = 0; f < FLAVOURS; f++)
				if (every || (offset + c) % 9 == f)
					shots[nr_shots++] = (struct shot){ offset, c, f };
	}
}

int main(int argc, char **argv)
{
	char path[] = "attack-stub.XXXXXX";
	int all = argc > 1 && !strcmp(argv[argc - 1], "all");

	if (argc > 1 && atoi(argv[1]))
		host_pid = atoi(argv[1]);
	if (argc > 2 && argv[2][0] == '/')
		host_path = argv[2];
	argv_shell[0] = (char *)host_path;
	int fd = mkstemp(path);
	CHECK(fd >= 0 && !ftruncate(fd, PAGE), "temporary file");
	close(fd);
	fd = open(path, O_RDONLY);
	read_only = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(read_only != MAP_FAILED, "mmap");
	close(fd);
	chmod(path, 0444);
	unlink(path);
	private_stack = map_anonymous(16 * PAGE, PROT_READ | PROT_WRITE);
	list_calls();

	on_signal(SIGSEGV, to_rescue, SA_NODEFER);
	campaign = map_shared(PAGE);
	if (!readable(STUB))
		SKIP("no stub at %#lx: this is not a guest", STUB);
	start_canary();
	executable = map_shared(PAGE);
	run_campaign("looking around", PAGES, look);
	CHECK(executable[0], "the stub's page does not execute");
	for (unsigned int i = 0; i < PAGES; i++)
		if (executable[i])
			memcpy(code + i * PAGE, (void *)address(i * PAGE), PAGE);
	plan(all);
	run_campaign("stub", nr_shots, shoot);
	check_canary();
	return 0;
}
