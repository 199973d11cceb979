/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"
#include "frame.h"
#include "key.h"
#include "lookout.h"
#include "space.h"
#include "timer.h"
#include "vcpu.h"
#include "vdso.h"

#define SIGNAL_STACK_SIZE 0x10000
#define PF_INSTR 16		/* of a page fault's error code: it fetched an instruction ... */
#define PF_KEY 32		/* ... or a protection key forbids it */

__u32 awaited_slot SHARED;
__u64 fault_address;

static struct lodger_handlers handlers SHARED;
static __u32 kicked SHARED;	/* the running slot has been told to stop */
static __u8 signal_stack[SIGNAL_STACK_SIZE] __attribute__((aligned(4096)));

static void set_state(__u32 state)
{
	__atomic_store_n(&vcpu->state, state, __ATOMIC_SEQ_CST);
}

static void deliver_interrupts(struct lodger_regs *regs)
{
	if (handlers.interrupt && vcpu->irq_enabled && interrupt_pending())
		handlers.interrupt(regs);
}

/* A signal says only that there may be something new: pending interrupts, a dead slot. */
static void attend(const struct sigcontext *c)
{
	struct lodger_regs regs = { 0 };

	if (me != running) {
		key_forward();
		return;
	}
	if (spawn->slot[awaited_slot].state != SPAWN_DEAD)
		spawn->deaths_seen = spawn->deaths;
	switch (vcpu->state) {
	case LODGER_VCPU_USER:
		if (slots[awaited_slot].kind == LODGER_ISOLATION_PROCESS && interrupt_pending() &&
		    !__atomic_exchange_n(&kicked, 1, __ATOMIC_SEQ_CST))
			sys4(__NR_pidfd_send_signal, slots[awaited_slot].pidfd, KICK_SIGNAL, NULL, 0);
		break;
	case LODGER_VCPU_KERNEL:
		regs_from_context(&regs, c);
		deliver_interrupts(&regs);
		break;
	}
}

static void on_wakeup(int signo, siginfo_t *info, struct ucontext *uc)
{
	(void)signo;
	(void)info;
	attend(&uc->uc_mcontext);
}

static void on_timer(int signo, siginfo_t *info, struct ucontext *uc)
{
	timer_expired();
	on_wakeup(signo, info, uc);
}

static void on_fault(int signo, siginfo_t *info, struct ucontext *uc)
{
	struct sigcontext *c = &uc->uc_mcontext;
	struct lodger_regs regs = { 0 };
	struct lodger_trap trap = {
		.reason = c->trapno == VECTOR_PAGE_FAULT ? LODGER_TRAP_FAULT : LODGER_TRAP_SIGNAL,
		.signo = signo,
		.code = info->si_code,
		.trapno = c->trapno,
		.error_code = c->err,
		.address = c->trapno == VECTOR_PAGE_FAULT ? c->cr2 : U(info->si_addr),
	};

	if (c->rip == U(key_xrstor_fault)) {
		fault_address = trap.reason == LODGER_TRAP_FAULT ? trap.address : 0;
		c->rip = U(key_xrstor_failed);
		return;
	}
	if (!handlers.fault)
		die(LODGER_EXIT_INTERNAL, "the guest kernel faulted before it was set up", signo);
	regs_from_context(&regs, c);
	handlers.fault(&regs, &trap);
	regs_to_context(&regs, c);
}

static void on_spawner_end(int signo, siginfo_t *info, struct ucontext *uc)
{
	(void)signo;
	(void)info;
	(void)uc;
	die(LODGER_EXIT_INTERNAL, "the process that makes others was killed", 0);
}

/* For key.S: a signal while the kernel runs, or waits, in a process that has the key. */
__attribute__((used)) void key_signal(int signo, siginfo_t *info, struct ucontext *uc)
{
	switch (signo) {
	case SIGALRM:
		on_timer(signo, info, uc);
		break;
	case SIGUSR1:
		on_wakeup(signo, info, uc);
		break;
	case SIGSYS:
		die(LODGER_EXIT_INTERNAL, "the guest kernel made a system call", 0);
	default:
		on_fault(signo, info, uc);
	}
}

static void handle(int signo, void (*handler)(int, siginfo_t *, struct ucontext *))
{
	struct sys_sigaction sa = {
		.handler = handler,
		/* Nesting is wanted: the guest enables interrupts inside its handlers. A child that
		 * is only stopped, as in a pause, has not ended. */
		.flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_NOCLDSTOP | SA_RESTORER,
		.restorer = signal_return,
	};

	sys4(__NR_rt_sigaction, signo, &sa, NULL, 8);
}

void vcpu_signals(void (*handler)(int, siginfo_t *, struct ucontext *), void *base, __u64 size)
{
	static const __u8 signals[] = { SIGSYS, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
					SIGUSR1, SIGALRM };
	stack_t stack = { .ss_sp = base, .ss_size = size };

	sys2(__NR_sigaltstack, &stack, NULL);
	for (unsigned i = 0; i < sizeof(signals); i++)
		handle(signals[i], handler);
	timer_make();
}

void vcpu_init(void)
{
	static const __u8 faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
	stack_t stack = { .ss_sp = signal_stack, .ss_size = sizeof(signal_stack) };

	sys2(__NR_sigaltstack, &stack, NULL);
	handle(SIGUSR1, on_wakeup);	/* from the launcher */
	handle(SIGUSR2, on_wakeup);	/* from the spawner */
	handle(SIGALRM, on_timer);
	handle(SIGCHLD, on_spawner_end);
	for (unsigned i = 0; i < sizeof(faults); i++)
		handle(faults[i], on_fault);
	timer_make();
}

void vcpu_set_handlers(const struct lodger_handlers *h)
{
	handlers = *h;
}

__u32 vcpu_mask(void)
{
	__u32 enabled = vcpu->irq_enabled;

	WRITE_ONCE(vcpu->irq_enabled, 0);
	return enabled;
}

void vcpu_unmask(__u32 enabled)
{
	struct lodger_regs regs = { 0 };

	if (!enabled)
		return;
	WRITE_ONCE(vcpu->irq_enabled, 1);
	if (interrupt_pending()) {
		regs.r[LODGER_RIP] = U(__builtin_return_address(0));
		deliver_interrupts(&regs);
	}
}

static void run_keyed(__u32 i, struct lodger_regs *regs, struct lodger_trap *trap)
{
	int signo;

	set_state(LODGER_VCPU_USER);
	do {
		*trap = (struct lodger_trap){ .reason = LODGER_TRAP_INTERRUPT };
		signo = key_run(i, regs, trap);
		if (signo == SLOT_BROKEN)
			trap->reason = LODGER_TRAP_GONE;
	} while ((trap->reason == LODGER_TRAP_SIGNAL && key_emulate(regs, trap)) ||
		 (trap->reason == LODGER_TRAP_FAULT && (trap->error_code & PF_KEY) &&
		  calls_read(i, trap->address)));
	set_state(LODGER_VCPU_KERNEL);
	if (signo == SIGSYS && trap->reason == LODGER_TRAP_SYSCALL)
		calls_seen(i, regs);
	if (trap->reason == LODGER_TRAP_FAULT && (trap->error_code & PF_INSTR))
		slots[i].fetched = trap->address & -4096UL;
	if (trap->reason == LODGER_TRAP_GONE) {
		slots[i].xstate = NULL;
		key_arrive_first();
		slot_kill(i);
	}
}

/*
 * iretq to an address that is none would fault in the stub. The host's vDSO is where programs read
 * the clock, and they may be stopped in it. They can jump there anyway: naming it opens nothing.
 */
static int may_run_at(__u64 rip)
{
	return rip < LODGER_TASK_SIZE || (rip >= HOST_VDSO && rip < HOST_TIME_END);
}

void vcpu_run_user(__u32 space, struct lodger_regs *regs, void *xstate, struct lodger_trap *trap)
{
	__u64 *r = regs->r;
	__u64 status;
	long i, task;

	r[LODGER_CS] = USER_CS;
	r[LODGER_SS] = USER_SS;
	/* As the processor reports it. */
	if (!may_run_at(r[LODGER_RIP])) {
		*trap = (struct lodger_trap){
			.reason = LODGER_TRAP_SIGNAL, .signo = SIGSEGV, .code = SI_KERNEL,
			.trapno = 13,
		};
		return;
	}
	*trap = (struct lodger_trap){ .reason = LODGER_TRAP_INTERRUPT };
	i = space_slot(space);
	if (i < 0) {
		trap->reason = LODGER_TRAP_GONE;
		return;
	}
	xstate_load(i, xstate);
	awaited_slot = i;
	if (slots[i].kind == LODGER_ISOLATION_KEY) {
		/* It was killed while the kernel fetched the state from another process. */
		if (me != i + 1) {
			trap->reason = LODGER_TRAP_GONE;
			slots[i].xstate = NULL;
			slot_kill(i);
			return;
		}
		run_keyed(i, regs, trap);
		return;
	}
	if (!frame_is_bare(i, regs)) {
		frame_complete(i);
		frame_write(i, regs);
	}
	kicked = 0;
	set_state(LODGER_VCPU_USER);
	if (interrupt_pending()) {
		set_state(LODGER_VCPU_KERNEL);
		return;
	}
	task = slot_run(i, SLOT_USER, slots[i].bare ? r[LODGER_RAX] : 0, &status);
	set_state(LODGER_VCPU_KERNEL);
	if (task == -EINTR)
		return;
	if (task < 0)
		trap->reason = LODGER_TRAP_GONE;
	else
		frame_read(i, regs, trap);
	if (trap->reason == LODGER_TRAP_GONE) {
		slots[i].xstate = NULL;
		slot_kill(i);
	}
}

void vcpu_idle(void)
{
	timer_here();
	set_state(LODGER_VCPU_IDLE);
	if (!interrupt_pending() && !look_for_interrupt()) {
		for (;;) {
			__u32 seq = __atomic_load_n(&vcpu->wake_seq, __ATOMIC_SEQ_CST);

			if (interrupt_pending())
				break;
			futex_wait(&vcpu->wake_seq, seq, NULL);
		}
	}
	set_state(LODGER_VCPU_KERNEL);
}
