/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"
#include "filter.h"
#include "frame.h"
#include "key.h"
#include "shadow.h"
#include "space.h"
#include "timer.h"
#include "vcpu.h"

#define PARK_STACK_SIZE 0x2000
#define STACK_BELOW 0x800000UL	/* more than the host's stack has ever grown */
#define TRAP_FLAG 0x100
#define ORDINARY_FLAGS 0xad7	/* arithmetic and interrupts: what popfq loads at no risk */

__u64 text_phys, text_size;
__u32 running SHARED, in_user SHARED;
__u64 kernel_sp SHARED;
static __s32 hop_result SHARED;
static __u32 turn[MAX_SLOTS + 1] SHARED; /* 1 = go on; a futex */
static __u32 ending SHARED, exit_status SHARED;

/* Of the run in progress, for key_record() and key_call. */
struct lodger_regs *user_regs SHARED;
struct lodger_trap *user_trap_out SHARED;

__u32 me;
__u8 *own_selector;
__u32 alarm_missed;
static __u8 park_stack[PARK_STACK_SIZE] __attribute__((aligned(16), used));
asm(".globl park_stack_top\npark_stack_top = park_stack + 0x2000");

_Static_assert(offsetof(struct slot_ro, exit) == 0x40 && offsetof(struct slot_ro, nested) == 0x80 &&
	       offsetof(struct slot_ro, ops) == 0xc0, "slot.h tells key.S otherwise");
_Static_assert(TRAP_SYSCALL == LODGER_TRAP_SYSCALL && REG_RSP == LODGER_RSP &&
	       REG_RAX == LODGER_RAX && REG_RDX == LODGER_RDX, "key.h tells key.S otherwise");
_Static_assert(REG_RIP == LODGER_RIP && REG_RFLAGS == LODGER_RFLAGS && REG_RCX == LODGER_RCX,
	       "key.h tells key.S otherwise");
_Static_assert(REG_FS_BASE == LODGER_FS_BASE && REG_RDI == LODGER_RDI && REG_RBX == LODGER_RBX,
	       "key.h tells key.S otherwise");

/* The last steps of become_key(), on a stack that stays. */
static void (*tell)(void *arg, long error);
static void *tell_arg;

static __attribute__((noreturn, used)) void settle(void)
{
	struct sock_filter f[FILTER_MAX];
	struct sock_fprog prog = { .filter = f };
	__u64 none = 0;
	long r;

	sys2(__NR_munmap, STUB_CODE, STUB_CODE_SIZE);
	sys2(__NR_munmap, host_stack - STACK_BELOW, host_stack_end - host_stack + STACK_BELOW);
	prog.len = build_key_filter(f, timer_id);
	sys4(__NR_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
	r = sys5(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0,
		 SLOT_RO + offsetof(struct slot_ro, selector));
	if (!r)
		r = sys3(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog);
	tell(tell_arg, r);
	if (r)
		sys1(__NR_exit_group, 1);
	sys2(__NR_munmap, CHILDREN_VIEW, CHILDREN_SIZE);
	asm volatile("jmp key_start");
	__builtin_unreachable();
}

void become_key(__u32 i, void (*done)(void *arg, long error), void *arg)
{
	__u64 all = ~0UL;

	key_open_first();
	me = i + 1;
	tell = done;
	tell_arg = arg;
	own_selector = &slot_ro(i)->selector;
	sys4(__NR_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);

	key_map_window(i);
	vcpu_signals(key_trap, (void *)SLOT_STACK, SLOT_STACK_SIZE);
	asm volatile("lea park_stack_top(%%rip), %%rsp\n	call settle" : : : "memory");
	__builtin_unreachable();
}

/* For key.S: the kernel leaves this process for another. */
__attribute__((used)) void key_leave(__u32 to)
{
	__atomic_store_n(&running, to, __ATOMIC_SEQ_CST);
	__atomic_store_n(&turn[to], 1, __ATOMIC_SEQ_CST);
	futex_wake(&turn[to]);
}

/* For key.S: waits until the kernel comes to this process. */
__attribute__((used)) int key_wait(void)
{
	int r;

	while (!__atomic_exchange_n(&turn[me], 0, __ATOMIC_SEQ_CST))
		futex_wait(&turn[me], 0, NULL);
	if (ending)
		sys1(__NR_exit_group, exit_status);
	key_catch_up();
	r = hop_result;
	hop_result = 0;
	return r;
}

long key_arrive(__u32 i)
{
	if (me == i + 1)
		return 0;
	if (__atomic_load_n(&spawn->slot[i].state, __ATOMIC_SEQ_CST) == SPAWN_DEAD)
		return -ESRCH;
	return key_hop(i + 1) ? -ESRCH : 0;
}

void key_arrive_first(void)
{
	if (me)
		key_hop(0);
}

void key_shutdown(__u32 status)
{
	if (!me)
		sys1(__NR_exit_group, status);
	exit_status = status;
	ending = 1;
	key_hop(0);
	__builtin_unreachable();
}

/*
 * The process in which the kernel runs is gone. Outside of it the kernel only goes on if it had
 * left its registers: for user code, or for a turn that the process never took.
 */
static void take_over(__u32 dead)
{
	spawn->deaths_seen = spawn->deaths;
	if (in_user != dead && !turn[dead])
		die(LODGER_EXIT_INTERNAL, "a process of the guest was killed while it ran its kernel",
		    0);
	in_user = 0;
	turn[dead] = 0;
	hop_result = SLOT_BROKEN;
	running = 0;
	turn[0] = 1;
}

void key_forward(void)
{
	__u32 r = running;

	if (!me && r && spawn->slot[r - 1].state == SPAWN_DEAD)
		take_over(r);
	else if (vcpu->state == LODGER_VCPU_IDLE)
		futex_wake(&vcpu->wake_seq);
	else
		sys4(__NR_pidfd_send_signal, r ? slots[r - 1].pidfd : own_pidfd, KICK_SIGNAL, NULL,
		     0);
}

/* For key.S, on the stack of signals: takes down a trap of user code. */
__attribute__((used)) void key_record(int signo, void *frame)
{
	struct ucontext *uc = frame + 8;
	struct sigcontext *c = &uc->uc_mcontext;
	__u64 *r = user_regs->r;

	trap_from_frame(signo, frame + FRAME_SIGINFO, c, user_trap_out);
	/* On its way out to user code: the registers are as they were. */
	if (c->rip >= U(key_exit_start) && c->rip < U(key_exit_end))
		return;
	regs_from_context(user_regs, c);
	if (user_trap_out->reason != LODGER_TRAP_SYSCALL && user_trap_out->signo != SIGILL)
		calls_rewind(me - 1, user_regs);
	asm volatile("rdfsbase %0" : "=r"(r[LODGER_FS_BASE]));
	asm volatile("rdgsbase %0" : "=r"(r[LODGER_GS_BASE]));
}

/* A system call leaves rip in rcx and rflags in r11: then rcx can lead back, without iretq. */
static int as_after_syscall(const __u64 *r)
{
	return r[LODGER_RCX] == r[LODGER_RIP] && r[LODGER_R11] == r[LODGER_RFLAGS] &&
	       !(r[LODGER_RFLAGS] & ~ORDINARY_FLAGS);
}

int key_run(__u32 i, struct lodger_regs *regs, struct lodger_trap *trap)
{
	struct slot_ro *ro = slot_ro(i);
	const __u64 *r = regs->r;
	int signo;

	ro->exit[0] = r[LODGER_RAX];
	ro->exit[1] = r[LODGER_RCX];
	ro->exit[2] = r[LODGER_RDX];
	iret_frame(ro->exit + 3, regs);
	user_regs = regs;
	user_trap_out = trap;
	if (r[LODGER_RFLAGS] & TRAP_FLAG)
		calls_stop(i);
	signo = key_enter(regs, &ro->selector, (void *)(slot_memory(i) + layout.frame + 8),
			  &vcpu->pending, as_after_syscall(r));
	if (signo == SIGALRM || alarm_missed) {
		alarm_missed = 0;
		timer_expired();
	}
	return signo;
}

int key_emulate(struct lodger_regs *regs, struct lodger_trap *trap)
{
	__u64 *r = regs->r;
	__u64 offset = r[LODGER_RIP] % 4096;
	const __u8 *at = (void *)r[LODGER_RIP];
	__u64 from;

	if (trap->signo != SIGILL || offset < SHADOW_XRSTOR_BEFORE ||
	    offset + SHADOW_XRSTOR_LEN > 4096 || !shadow_is_xrstor(at))
		return 0;
	from = r[LODGER_RSP] + (__s8)at[4];
	fault_address = 0;
	/* The key is open: this must not read the kernel's memory for the program. */
	if (from <= (__u64)LODGER_TASK_SIZE - layout.xstate_size &&
	    !key_xrstor_user((void *)from, r[LODGER_RAX] & 0xffffffff & layout.xfeatures)) {
		r[LODGER_RIP] += SHADOW_XRSTOR_LEN;
		return 1;
	}
	*trap = (struct lodger_trap){ .reason = LODGER_TRAP_SIGNAL, .signo = SIGSEGV,
				      .code = SI_KERNEL, .trapno = VECTOR_PROTECTION };
	if (fault_address) {
		trap->reason = LODGER_TRAP_FAULT;
		trap->trapno = VECTOR_PAGE_FAULT;
		trap->error_code = 4;	/* a read by user code */
		trap->address = fault_address;
	}
	return 0;
}
