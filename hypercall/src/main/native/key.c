/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"
#include "key.h"
#include "shadow.h"
#include "space.h"
#include "vcpu.h"

#define PARK_STACK_SIZE 0x2000
#define STACK_BELOW 0x800000UL	/* more than the host's stack has ever grown */
#define MAX_UNMAPPED 64

__u64 text_phys, text_size;
__u32 running SHARED, in_user SHARED;
__u64 kernel_sp SHARED;			/* of what the kernel left when it went to user code or hopped */
static __s32 hop_result SHARED;
static __u32 turn[MAX_SLOTS + 1] SHARED; /* 1 = go on; a futex */
static __u32 ending SHARED, exit_status SHARED;

/* What the kernel has unmapped in its own range; each process does it when its turn comes. */
static struct { __u64 addr, len; } unmapped[MAX_UNMAPPED] SHARED;
static __u64 nr_unmapped SHARED;

/* Of the run in progress, for key_record(). */
static struct lodger_regs *user_regs SHARED;
static struct lodger_trap *user_trap_out SHARED;

__u32 me;
__u8 *own_selector;
__u32 alarm_missed;
static __u64 unmaps_seen;
static __u8 park_stack[PARK_STACK_SIZE] __attribute__((aligned(16), used));
asm(".globl park_stack_top\npark_stack_top = park_stack + 0x2000");

_Static_assert(offsetof(struct slot_ro, exit) == 0x40 && offsetof(struct slot_ro, nested) == 0x80 &&
	       offsetof(struct slot_ro, ops) == 0xc0, "slot.h tells key.S otherwise");
_Static_assert(REG_FS_BASE == LODGER_FS_BASE && REG_RDI == LODGER_RDI && REG_RBX == LODGER_RBX,
	       "key.h tells key.S otherwise");

static void map_keyed(__u64 addr, __u64 len, int prot)
{
	long r = sys4(__NR_pkey_mprotect, addr, len, prot, guest_key);

	if (r)
		die(LODGER_EXIT_INTERNAL, "cannot protect memory by key", r);
}

static void map_kernel(__u64 addr, __u64 len, int prot, int fd, __u64 offset)
{
	if (sys_mmap(addr, len, prot, MAP_SHARED | MAP_FIXED, fd, offset) != (long)addr)
		die(LODGER_EXIT_INTERNAL, "cannot map the guest kernel", 0);
	map_keyed(addr, len, prot);
}

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

	map_keyed(U(private_start), private_end - private_start, PROT_READ | PROT_WRITE);
	map_kernel(U(shared_start), shared_end - shared_start, PROT_READ | PROT_WRITE, shared_fd, 0);
	map_kernel(SLOTS_VIEW, (__u64)MAX_SLOTS * SLOT_SIZE, PROT_READ | PROT_WRITE, slots_fd, 0);
	map_keyed(SPAWN_VIEW, sizeof(*spawn), PROT_READ | PROT_WRITE);
	if (sys_mmap(SLOT_RO, SLOT_RO_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, slots_fd,
		     (__u64)i * SLOT_SIZE) != SLOT_RO)
		die(LODGER_EXIT_INTERNAL, "cannot map a slot", 0);
	map_kernel(SLOT_RW, SLOT_SIZE - SLOT_RO_SIZE, PROT_READ | PROT_WRITE, slots_fd,
		   (__u64)i * SLOT_SIZE + SLOT_RO_SIZE);
	map_kernel(LODGER_CONTROL, LODGER_CONTROL_SIZE, PROT_READ | PROT_WRITE, LODGER_FD_CONTROL, 0);
	map_kernel(LODGER_RAM_BASE, ram_size, PROT_READ | PROT_WRITE, LODGER_FD_RAM, 0);
	map_kernel(LODGER_RAM_BASE + text_phys, text_size, PROT_READ | PROT_EXEC, shadow_fd,
		   text_phys);
	map_kernel(SHADOW_VIEW, ram_size, PROT_READ | PROT_WRITE, shadow_fd, 0);
	unmaps_seen = nr_unmapped;

	vcpu_signals(key_trap, (void *)SLOT_STACK, SLOT_STACK_SIZE);
	asm volatile("lea park_stack_top(%%rip), %%rsp\n	call settle" : : : "memory");
	__builtin_unreachable();
}

static void unmap_all_kernel(void)
{
	sys2(__NR_munmap, LODGER_MODULES_START, LODGER_MODULES_END - LODGER_MODULES_START);
	sys2(__NR_munmap, LODGER_VMALLOC_START, LODGER_VMALLOC_END - LODGER_VMALLOC_START);
}

/*
 * A host process may have so many mappings, and a program can use them up. All of these come back
 * as they fault; the kernel's must be right, and must not fail.
 */
static void make_room(void)
{
	if (me)
		sys2(__NR_munmap, 0, LODGER_TASK_SIZE);
	unmap_all_kernel();
}

static void unmap_kernel(__u64 addr, __u64 len)
{
	if (sys2(__NR_munmap, addr, len))
		make_room();
}

/* Where the kernel is not, it has changed its mappings meanwhile. */
static void catch_up(void)
{
	if (nr_unmapped - unmaps_seen > MAX_UNMAPPED) {
		unmap_all_kernel();
		unmaps_seen = nr_unmapped;
	}
	for (; unmaps_seen < nr_unmapped; unmaps_seen++)
		unmap_kernel(unmapped[unmaps_seen % MAX_UNMAPPED].addr,
			     unmapped[unmaps_seen % MAX_UNMAPPED].len);
}

long key_kernel_map(__u64 addr, __u64 phys, __u64 len, __u32 prot)
{
	int fd = LODGER_FD_RAM;
	long r;

	/* Here, memory is never written and executed; a fault asks for the one or the other. */
	if (me && (prot & PROT_EXEC)) {
		prot &= prot & PROT_WRITE ? ~PROT_EXEC : ~PROT_WRITE;
		if (prot & PROT_EXEC) {
			r = shadow_refresh(phys, len);
			if (r)
				return r;
			fd = shadow_fd;
		}
	}
	r = sys_mmap(addr, len, prot, MAP_SHARED | MAP_FIXED, fd, phys);
	if (r == -ENOMEM) {
		make_room();
		r = sys_mmap(addr, len, prot, MAP_SHARED | MAP_FIXED, fd, phys);
	}
	if (r != (long)addr)
		return r;
	if (me)
		map_keyed(addr, len, prot);
	return 0;
}

void key_kernel_unmap(__u64 addr, __u64 len)
{
	unmap_kernel(addr, len);
	unmapped[nr_unmapped % MAX_UNMAPPED].addr = addr;
	unmapped[nr_unmapped % MAX_UNMAPPED].len = len;
	nr_unmapped++;
	unmaps_seen = nr_unmapped;
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
	catch_up();
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

long key_flush(__u32 i)
{
	struct slot_ro *ro = slot_ro(i);
	long r;

	for (__u32 n = 0; n < ro->nr_ops; n++) {
		struct map_call c = ro->ops[n];
		int fd = LODGER_FD_RAM;

		if (c.nr == __NR_munmap) {
			r = sys2(__NR_munmap, c.addr, c.len);
		} else {
			if (c.prot & PROT_EXEC) {
				if (c.prot & (PROT_WRITE | LODGER_PROT_SHARED))
					return -EXDEV;
				r = shadow_refresh(c.offset, c.len);
				if (r)
					return r;
				fd = shadow_fd;
			}
			r = sys_mmap(c.addr, c.len, c.prot & 7, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
				     fd, c.offset);
			if (r == (long)c.addr)
				r = 0;
		}
		if (r) {
			/* The host's limit of mappings: start again with none. */
			sys2(__NR_munmap, 0, LODGER_TASK_SIZE);
			break;
		}
	}
	ro->nr_ops = 0;
	return 0;
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
	asm volatile("rdfsbase %0" : "=r"(r[LODGER_FS_BASE]));
	asm volatile("rdgsbase %0" : "=r"(r[LODGER_GS_BASE]));
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
	signo = key_enter(regs, &ro->selector,
			  (void *)(slot_memory(i) + layout.frame + 8), &vcpu->pending);
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
