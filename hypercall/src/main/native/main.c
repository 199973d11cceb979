/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start: becomes the kernel process of a guest whose RAM the launcher has filled.
 *
 * Arguments, as NAME=VALUE: launcher_pid=PID (the guest dies with it), cpu=N or cpu=any (where to
 * run all tasks of this guest), slots=N (at most so many address spaces in host processes).
 */
#include <linux/close_range.h>
#include "filter.h"
#include "hypercalls.h"
#include "slot.h"
#include "space.h"
#include "vcpu.h"
#include "vdso.h"

struct lodger_boot_info *boot_info;
__u64 ram_size;

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

static void map_fixed(__u64 addr, __u64 size, int prot, int fd, const char *what)
{
	long r = sys_mmap(addr, size, prot, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0);

	if (r != (long)addr)
		die(LODGER_EXIT_INTERNAL, what, r);
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

/* Above the descriptors that the launcher hands over, so that none of their numbers is taken. */
static int make_slots(void)
{
	long fd = sys2(__NR_memfd_create, "lodger-slots", 0);
	long r;

	if (fd < 0 || (r = sys2(__NR_ftruncate, fd, (__u64)MAX_SLOTS * SLOT_SIZE)) < 0)
		die(LODGER_EXIT_INTERNAL, "cannot make memory for slots", fd);
	r = sys3(__NR_fcntl, fd, 0 /* F_DUPFD */, LODGER_FD_DOORBELL + LODGER_MAX_DEVICES);
	if (r < 0)
		die(LODGER_EXIT_INTERNAL, "too few descriptors", r);
	sys1(__NR_close, fd);
	return r;
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

static void fill_boot_info(const unsigned long *auxv)
{
	boot_info->isolation = LODGER_ISOLATION_PROCESS;
	boot_info->xstate_size = layout.xstate_size;
	boot_info->xfeatures = layout.xfeatures;
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
	int slots_fd;

	while (*auxv++)
		;
	die_with_the_launcher(argument(argv, "launcher_pid"));
	sys(__NR_setsid);	/* a terminal's Ctrl-C is for the launcher to act on */
	sys2(__NR_prctl, PR_SET_NAME, "lodger-kernel");
	sys5(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	pin(argument(argv, "cpu"));
	if (argument(argv, "slots"))
		slot_limit = min(number(argument(argv, "slots")), MAX_SLOTS);
	sys3(__NR_close_range, LODGER_FD_CONSOLE + 1, LODGER_FD_DOORBELL - 1, 0);
	sys3(__NR_close_range, LODGER_FD_DOORBELL + LODGER_MAX_DEVICES, ~0U, 0);
	set_limits();

	probe_frame(auxv);
	slots_fd = make_slots();
	map_fixed(SLOTS_VIEW, (__u64)MAX_SLOTS * SLOT_SIZE, PROT_READ | PROT_WRITE, slots_fd,
		  "cannot map slots");
	start_spawner(slots_fd);

	map_fixed(LODGER_CONTROL, LODGER_CONTROL_SIZE, PROT_READ | PROT_WRITE, LODGER_FD_CONTROL,
		  "cannot map the control region");
	boot_info = (void *)(LODGER_CONTROL + LODGER_CONTROL_BOOT);
	vcpu = (void *)(LODGER_CONTROL + LODGER_CONTROL_VCPUS);
	ram_size = boot_info->ram_size;
	map_fixed(LODGER_RAM_BASE, ram_size, PROT_READ | PROT_WRITE | PROT_EXEC, LODGER_FD_RAM,
		  "cannot map guest RAM");
	entry = (void *)boot_info->entry;

	vdso_init(auxv);
	fill_boot_info(auxv);
	vcpu_init();
	first_slots();
	confine();
	entry(boot_info, &hypercalls);
	die(LODGER_EXIT_INTERNAL, "the guest kernel returned", 0);
}
