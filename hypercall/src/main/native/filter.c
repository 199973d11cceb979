/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"
#include "filter.h"
#include "key.h"
#include "shadow.h"

#define LOAD(field) \
	((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field)))
#define LOAD_HIGH(field) \
	((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field) + 4))
#define RETURN(what) ((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, what))
/* Goes on when equal (greater or equal, ...), skips `otherwise` instructions when not. */
#define IF_EQ(value, otherwise) \
	((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (__u32)(value), 0, otherwise))
#define IF_BELOW(value, otherwise) \
	((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (__u32)(value), otherwise, 0))

/* The stub is one page, so that its addresses share their upper half. */
static int stub_only(struct sock_filter *f, __u32 otherwise)
{
	int n = 0;

	f[n++] = LOAD(arch);
	f[n++] = IF_EQ(AUDIT_ARCH_X86_64, 2);
	f[n++] = LOAD_HIGH(instruction_pointer);
	f[n] = IF_EQ(STUB_CODE >> 32, 0);
	f[n++].jt = 1;
	f[n++] = RETURN(otherwise);
	f[n++] = LOAD(instruction_pointer);
	return n;
}

/* Expects the instruction pointer's lower half in the accumulator. */
static int allow_call(struct sock_filter *f, const char *ret, __u32 nr, __u32 action)
{
	int n = 0;

	f[n++] = IF_EQ(U(ret), 4);
	f[n++] = LOAD(nr);
	f[n++] = IF_EQ(nr, 1);
	f[n++] = RETURN(action);
	f[n++] = LOAD(instruction_pointer);
	return n;
}

/*
 * Of these a trap brings all registers at once. Most are about registers; the others likely end in
 * a signal or a change of threads, for which they would have to be fetched.
 */
static const __u32 whole_calls[] = {
	__NR_rt_sigreturn, __NR_clone, __NR_fork, __NR_vfork, __NR_execve, __NR_exit, __NR_sigaltstack,
	__NR_arch_prctl, __NR_exit_group, __NR_execveat, __NR_clone3, __NR_pause, __NR_kill,
	__NR_rt_sigsuspend, __NR_tkill, __NR_tgkill, __NR_futex,
};

int build_notify_filter(struct sock_filter *f, int bare)
{
	int n = 0;

	if (bare) {
		f[n++] = LOAD_HIGH(instruction_pointer);
		f[n++] = IF_BELOW(LODGER_TASK_SIZE >> 32, 1);
		f[n++] = RETURN(SECCOMP_RET_USER_NOTIF);
	}
	n += stub_only(f + n, SECCOMP_RET_ALLOW);
	n += allow_call(f + n, user_wait_ret, __NR_getppid, SECCOMP_RET_USER_NOTIF);
	n += allow_call(f + n, mapper_wait_ret, __NR_getppid, SECCOMP_RET_USER_NOTIF);
	f[n++] = RETURN(SECCOMP_RET_ALLOW);
	return n;
}

/* What the notifying filter is to decide. */
static int leave_bare_calls(struct sock_filter *f)
{
	const int nr_whole = sizeof(whole_calls) / sizeof(*whole_calls);
	int n = 0;

	f[n++] = LOAD(arch);
	f[n++] = IF_EQ(AUDIT_ARCH_X86_64, 4 + 2 * nr_whole);
	f[n++] = LOAD_HIGH(instruction_pointer);
	f[n++] = IF_BELOW(LODGER_TASK_SIZE >> 32, 2 + 2 * nr_whole);
	f[n++] = LOAD(nr);
	for (int i = 0; i < nr_whole; i++) {
		f[n++] = IF_EQ(whole_calls[i], 1);
		f[n++] = RETURN(SECCOMP_RET_TRAP);
	}
	f[n++] = RETURN(SECCOMP_RET_ALLOW);
	return n;
}

int build_user_filter(struct sock_filter *f, int bare)
{
	int n = bare ? leave_bare_calls(f) : 0;

	n += stub_only(f + n, SECCOMP_RET_TRAP);
	n += allow_call(f + n, user_wait_ret, __NR_getppid, SECCOMP_RET_ALLOW);
	n += allow_call(f + n, user_exit_ret, __NR_exit_group, SECCOMP_RET_ALLOW);
	if (!layout.fsgsbase) {
		n += allow_call(f + n, set_fs_ret, __NR_arch_prctl, SECCOMP_RET_ALLOW);
		n += allow_call(f + n, set_gs_ret, __NR_arch_prctl, SECCOMP_RET_ALLOW);
	}
	f[n++] = RETURN(SECCOMP_RET_TRAP);
	return n;
}

int build_mapper_filter(struct sock_filter *f)
{
	int n = stub_only(f, SECCOMP_RET_KILL_PROCESS);

	n += allow_call(f + n, mapper_wait_ret, __NR_getppid, SECCOMP_RET_ALLOW);
	n += allow_call(f + n, mapper_exit_ret, __NR_exit_group, SECCOMP_RET_ALLOW);
	f[n++] = IF_EQ(U(mapper_call_ret), 16);
	/* Only below the stub: the length is the kernel process's own affair, a guest that
	 * overwrites its stub gains nothing that these filters would not stop. */
	f[n++] = LOAD_HIGH(args[0]);
	f[n++] = IF_BELOW(LODGER_TASK_SIZE >> 32, 14);
	f[n++] = LOAD(nr);
	f[n++] = IF_EQ(__NR_munmap, 1);
	f[n++] = RETURN(SECCOMP_RET_ALLOW);
	f[n++] = IF_EQ(__NR_mprotect, 1);
	f[n++] = RETURN(SECCOMP_RET_ALLOW);
	f[n++] = IF_EQ(__NR_mmap, 8);
	f[n++] = LOAD(args[3]);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~MAP_POPULATE);
	f[n++] = IF_EQ(MAP_SHARED | MAP_FIXED, 5);
	f[n++] = LOAD(args[4]);
	f[n++] = IF_EQ(LODGER_FD_RAM, 3);
	f[n++] = LOAD(args[2]);
	f[n++] = IF_BELOW(8, 1);
	f[n++] = RETURN(SECCOMP_RET_ALLOW);
	f[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
	return n;
}

static int allow_nr(struct sock_filter *f, __u32 nr)
{
	f[0] = IF_EQ(nr, 1);
	f[1] = RETURN(SECCOMP_RET_ALLOW);
	return 2;
}

/* Allows nr if the lower half of one argument is in [low, low + count); goes on otherwise. */
static int allow_if(struct sock_filter *f, __u32 nr, int arg, __u32 low, __u32 count)
{
	int n = 0;

	f[n++] = IF_EQ(nr, 5);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					      offsetof(struct seccomp_data, args) + 8 * arg);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, low);
	f[n++] = IF_BELOW(count, 1);
	f[n++] = RETURN(SECCOMP_RET_ALLOW);
	f[n++] = LOAD(nr);
	return n;
}

/* Goes on if the range in the first two arguments ends below the answer's pages. */
static int only_below(struct sock_filter *f, __u32 nr)
{
	int n = 0;

	f[n++] = IF_EQ(nr, 7);
	f[n++] = LOAD_HIGH(args[1]);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_MISC | BPF_TAX, 0);
	f[n++] = LOAD_HIGH(args[0]);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0);
	/* The sum of the lower halves may carry one. */
	f[n] = IF_BELOW((ANSWER_VIEW >> 32) - 1, 0);
	f[n++].jf = 1;
	f[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
	f[n++] = LOAD(nr);
	return n;
}

static int allow_answer(struct sock_filter *f)
{
	int n = 0;

	f[n++] = IF_EQ(__NR_ioctl, 8);
	f[n++] = LOAD(args[1]);
	f[n++] = IF_EQ(SECCOMP_IOCTL_NOTIF_SEND, 5);
	f[n++] = LOAD(args[2]);
	f[n++] = IF_EQ(ANSWER, 3);
	f[n++] = LOAD_HIGH(args[2]);
	f[n++] = IF_EQ(ANSWER >> 32, 1);
	f[n++] = RETURN(SECCOMP_RET_ALLOW);
	f[n++] = LOAD(nr);
	return n;
}

static int build_kernel_calls(struct sock_filter *f, __u32 timer)
{
	static const __u32 mapping_calls[] = { __NR_mmap, __NR_munmap, __NR_mprotect, __NR_pkey_mprotect };
	int n = 0;

	f[n++] = LOAD(arch);
	f[n] = IF_EQ(AUDIT_ARCH_X86_64, 0);
	f[n++].jt = 1;
	f[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
	f[n++] = LOAD(nr);
	for (unsigned i = 0; i < sizeof(mapping_calls) / sizeof(*mapping_calls); i++)
		n += only_below(f + n, mapping_calls[i]);
	n += allow_answer(f + n);
	n += allow_if(f + n, __NR_ioctl, 1, SECCOMP_IOCTL_NOTIF_RECV, 1);
	n += allow_nr(f + n, __NR_futex);
	n += allow_nr(f + n, __NR_rt_sigreturn);
	n += allow_if(f + n, __NR_timer_settime, 0, timer, 1);
	n += allow_if(f + n, __NR_write, 0, LODGER_FD_DOORBELL, LODGER_MAX_DEVICES);
	n += allow_if(f + n, __NR_write, 0, LODGER_FD_CONSOLE, 1);
	n += allow_if(f + n, __NR_write, 0, 2, 1);
	n += allow_nr(f + n, __NR_pidfd_send_signal);
	n += allow_if(f + n, __NR_mmap, 4, LODGER_FD_RAM, 1);
	n += allow_nr(f + n, __NR_munmap);
	n += allow_nr(f + n, __NR_clock_gettime);
	n += allow_nr(f + n, __NR_getrandom);
	n += allow_nr(f + n, __NR_exit_group);
	return n;
}

int build_kernel_filter(struct sock_filter *f, __u32 timer)
{
	int n = build_kernel_calls(f, timer);

	f[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
	return n;
}

int build_key_filter(struct sock_filter *f, __u32 timer)
{
	static const __u32 vsyscalls[] = { __NR_gettimeofday, __NR_time, __NR_getcpu };
	int n = build_kernel_calls(f, timer);

	n += allow_if(f + n, __NR_mmap, 4, shadow_fd, 1);
	if (calls_fd)
		n += allow_if(f + n, __NR_mmap, 4, calls_fd, 1);
	n += allow_if(f + n, __NR_pkey_mprotect, 3, guest_key, 1);
	n += allow_nr(f + n, __NR_mprotect);
	/* The host's vsyscall page makes these for old programs, past syscall user dispatch. */
	for (unsigned i = 0; i < sizeof(vsyscalls) / sizeof(*vsyscalls); i++) {
		f[n++] = IF_EQ(vsyscalls[i], 1);
		f[n++] = RETURN(SECCOMP_RET_TRAP);
	}
	f[n++] = RETURN(SECCOMP_RET_KILL_PROCESS);
	return n;
}
