/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start: becomes the kernel process of a guest whose RAM the launcher has filled.
 *
 * Arguments: lodger:NAME and the role, for lists of processes; then, as NAME=VALUE, launcher_pid=PID
 * (the guest dies with it), cpu=N or cpu=any (where to run all tasks of this guest), slots=N (at most
 * so many address spaces in host processes), isolation=auto, key or process (auto: key where the host
 * can do it), rewrite=no (leave the programs' system calls as they are).
 */
#include <linux/close_range.h>
#include "calls.h"
#include "filter.h"
#include "hypercalls.h"
#include "key.h"
#include "shadow.h"
#include "space.h"
#include "timer.h"
#include "title.h"
#include "vcpu.h"
#include "vdso.h"

__u64 ram_size;
__u64 host_stack, host_stack_end;
__s32 own_pidfd;
int slots_fd, shared_fd;

asm(".globl _start\n"
    "_start:	xor %ebp, %ebp\n"
    "	mov %rsp, %rdi\n"
    "	and $-16, %rsp\n"
    "	call start\n");

/* The value of an argument NAME=VALUE, or NULL. */
static const char *argument(char **argv, const char *name)
{
	unsigned long n = strlen(name);

	for (; *argv; argv++) {
		unsigned long i = 0;

		while (i < n && (*argv)[i] == name[i])
			i++;
		if (i == n && (*argv)[i] == '=')
			return *argv + n + 1;
	}
	return NULL;
}

static unsigned long number(const char *s)
{
	unsigned long n = 0;

	for (; s && *s >= '0' && *s <= '9'; s++)
		n = n * 10 + *s - '0';
	return n;
}

static void die_with_the_launcher(const char *pid)
{
	sys2(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL);
	if (pid && sys(__NR_getppid) != (long)number(pid))
		sys1(__NR_exit_group, LODGER_EXIT_INTERNAL);
}

static void pin(const char *cpu)
{
	__u64 mask[16] = { 0 };
	unsigned long n;

	if (!cpu || *cpu < '0' || *cpu > '9')
		return;
	n = number(cpu);
	if (n < sizeof(mask) * 8)
		mask[n / 64] = 1UL << n % 64;
	if (sys3(__NR_sched_setaffinity, 0, sizeof(mask), mask) < 0)
		die(LODGER_EXIT_USAGE, "cannot run on that CPU (--cpu)", 0);
}

static void set_limits(void)
{
	struct rlimit64 files, no_core = { 0 };

	/* Two descriptors a slot; the host's soft limit is often 1024. */
	if (!sys4(__NR_prlimit64, 0, RLIMIT_NOFILE, NULL, &files)) {
		files.rlim_cur = files.rlim_max;
		sys4(__NR_prlimit64, 0, RLIMIT_NOFILE, &files, NULL);
	}
	/* A guest program that kills its slot shall not fill the host's disk. */
	sys4(__NR_prlimit64, 0, RLIMIT_CORE, &no_core, NULL);
}

static void confine(void)
{
	struct sock_filter f[FILTER_MAX];
	struct sock_fprog prog = { .filter = f };
	long r;

	prog.len = build_kernel_filter(f, timer_id);
	r = sys3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
	if (r)
		die(LODGER_EXIT_USAGE, "this host has no seccomp filters", r);
}

/* What all processes of the guest share must be there before any of it is written. */
static void share_memory(void)
{
	const __u64 size = shared_end - shared_start;

	shared_fd = make_memfd("lodger-shared", size);
	map_fixed(U(shared_start), size, PROT_READ | PROT_WRITE, shared_fd, "cannot share memory");
	slots_fd = make_memfd("lodger-slots", (__u64)MAX_SLOTS * SLOT_SIZE);
	map_fixed(SLOTS_VIEW, (__u64)MAX_SLOTS * SLOT_SIZE, PROT_READ | PROT_WRITE, slots_fd,
		  "cannot map slots");
	map_fixed(LODGER_CONTROL, LODGER_CONTROL_SIZE, PROT_READ | PROT_WRITE, LODGER_FD_CONTROL,
		  "cannot map the control region");
}

static void map_answer(void)
{
	if (sys_mmap(ANSWER_VIEW, ANSWER_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != ANSWER_VIEW ||
	    sys3(__NR_mprotect, ANSWER_FLAGS, ANSWER_SIZE / 2, PROT_READ))
		die(LODGER_EXIT_INTERNAL, "cannot map the place for answers", 0);
}

static void choose_isolation(const char *wanted, const char *rewrite)
{
	const char *lacks;

	first_kind = LODGER_ISOLATION_PROCESS;
	if (!wanted || equal(wanted, "process"))
		return;
	lacks = key_probe();
	if (!lacks)
		lacks = vdso_probe();
	if (lacks && equal(wanted, "key"))
		die(LODGER_EXIT_USAGE, lacks, 0);
	if (lacks)
		return;
	text_phys = boot_info->text_phys;
	text_size = boot_info->text_size;
	shadow_init();
	if (!text_size || shadow_refresh(text_phys, text_size) != text_size) {
		if (equal(wanted, "key"))
			die(LODGER_EXIT_USAGE, "this kernel's text is not fit for isolation by key", 0);
		return;
	}
	first_kind = LODGER_ISOLATION_KEY;
	if (!rewrite || !equal(rewrite, "no"))
		calls_init();
}

static void fill_boot_info(const unsigned long *auxv)
{
	boot_info->isolation = first_kind;
	boot_info->xstate_size = layout.xstate_size;
	boot_info->xfeatures = layout.xfeatures;
	boot_info->host_clock = host_clock;
	for (; auxv[0]; auxv += 2) {
		if (auxv[0] == AT_HWCAP)
			boot_info->hwcap = auxv[1];
		else if (auxv[0] == AT_HWCAP2)
			boot_info->hwcap2 = auxv[1];
		else if (auxv[0] == AT_MINSIGSTKSZ)
			boot_info->min_sigstack = auxv[1];
	}
}

void start(unsigned long *stack)
{
	char **argv = (char **)(stack + 1);
	unsigned long *auxv = stack + 1 + stack[0] + 1;
	void (*entry)(struct lodger_boot_info *, const struct lodger_hypercalls *);

	while (*auxv++)
		;
	die_with_the_launcher(argument(argv, "launcher_pid"));
	sys(__NR_setsid);	/* a terminal's Ctrl-C is for the launcher to act on */
	title_init(argv[0]);
	title_short("kernel");
	sys5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	pin(argument(argv, "cpu"));
	if (number(argument(argv, "slots")))
		slot_limit = min(number(argument(argv, "slots")), MAX_SLOTS);
	sys3(__NR_close_range, LODGER_FD_CONSOLE + 1, LODGER_FD_DOORBELL - 1, 0);
	sys3(__NR_close_range, LODGER_FD_DOORBELL + LODGER_MAX_DEVICES, ~0U, 0);
	set_limits();

	vdso_init(auxv);
	share_memory();
	map_answer();
	ram_size = boot_info->ram_size;
	probe_frame(auxv);
	host_stack = U(stack) & -4096UL;
	host_stack_end = (aux(auxv, AT_EXECFN) | 4095) + 1;
	map_fixed(LODGER_RAM_BASE, ram_size, PROT_READ | PROT_WRITE | PROT_EXEC, LODGER_FD_RAM,
		  "cannot map guest RAM");
	own_pidfd = sys2(__NR_pidfd_open, sys(__NR_getpid), 0);
	spaces_init();
	choose_isolation(argument(argv, "isolation"), argument(argv, "rewrite"));
	start_spawner();
	entry = (void *)boot_info->entry;

	fill_boot_info(auxv);
	vcpu_init();
	first_slots();
	confine();
	entry(boot_info, &hypercalls);
	die(LODGER_EXIT_INTERNAL, "the guest kernel returned", 0);
}
