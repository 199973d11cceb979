/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"
#include "space.h"
#include "vcpu.h"

/* Flags that user code may have: arithmetic, trap, direction, nested task, alignment check, id. */
#define USER_FLAGS 0x244dd5
#define FIXED_FLAGS 0x202
#define NOWHERE (~0UL)

void regs_from_context(struct lodger_regs *regs, const struct sigcontext *c)
{
	__u64 *r = regs->r;

	r[LODGER_R15] = c->r15;
	r[LODGER_R14] = c->r14;
	r[LODGER_R13] = c->r13;
	r[LODGER_R12] = c->r12;
	r[LODGER_RBP] = c->rbp;
	r[LODGER_RBX] = c->rbx;
	r[LODGER_R11] = c->r11;
	r[LODGER_R10] = c->r10;
	r[LODGER_R9] = c->r9;
	r[LODGER_R8] = c->r8;
	r[LODGER_RAX] = c->rax;
	r[LODGER_RCX] = c->rcx;
	r[LODGER_RDX] = c->rdx;
	r[LODGER_RSI] = c->rsi;
	r[LODGER_RDI] = c->rdi;
	r[LODGER_RIP] = c->rip;
	r[LODGER_RFLAGS] = c->eflags;
	r[LODGER_RSP] = c->rsp;
}

void regs_to_context(const struct lodger_regs *regs, struct sigcontext *c)
{
	const __u64 *r = regs->r;

	c->r15 = r[LODGER_R15];
	c->r14 = r[LODGER_R14];
	c->r13 = r[LODGER_R13];
	c->r12 = r[LODGER_R12];
	c->rbp = r[LODGER_RBP];
	c->rbx = r[LODGER_RBX];
	c->r11 = r[LODGER_R11];
	c->r10 = r[LODGER_R10];
	c->r9 = r[LODGER_R9];
	c->r8 = r[LODGER_R8];
	c->rax = r[LODGER_RAX];
	c->rcx = r[LODGER_RCX];
	c->rdx = r[LODGER_RDX];
	c->rsi = r[LODGER_RSI];
	c->rdi = r[LODGER_RDI];
	c->rip = r[LODGER_RIP];
	c->eflags = r[LODGER_RFLAGS];
	c->rsp = r[LODGER_RSP];
}

static struct ucontext *frame(__u32 i)
{
	return (void *)(slot_memory(i) + layout.frame + 8);
}

void trap_from_frame(int signo, const siginfo_t *info, const struct sigcontext *c,
		     struct lodger_trap *trap)
{
	*trap = (struct lodger_trap){
		.reason = LODGER_TRAP_SIGNAL,
		.signo = signo,
		.code = info->si_code,
		.trapno = c->trapno,
		.error_code = c->err,
		.address = U(info->si_addr),
	};
	switch (trap->signo) {
	case SIGSYS:
		if (info->si_arch == AUDIT_ARCH_X86_64)
			trap->reason = LODGER_TRAP_SYSCALL;
		else
			trap->signo = SIGSEGV;
		break;
	case SIGSEGV:
		if (c->trapno == VECTOR_PAGE_FAULT) {
			trap->reason = LODGER_TRAP_FAULT;
			trap->address = c->cr2;
		}
		break;
	case KICK_SIGNAL:
	case SIGALRM:
		trap->reason = LODGER_TRAP_INTERRUPT;
		break;
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGTRAP:
		break;
	default:
		trap->reason = LODGER_TRAP_GONE;
	}
}

void iret_frame(__u64 *words, const struct lodger_regs *regs)
{
	const __u64 *r = regs->r;

	words[0] = r[LODGER_RIP];
	words[1] = USER_CS;
	words[2] = (r[LODGER_RFLAGS] & USER_FLAGS) | FIXED_FLAGS;
	words[3] = r[LODGER_RSP];
	words[4] = USER_SS;
}

void frame_write(__u32 i, const struct lodger_regs *regs)
{
	struct slot_rw *rw = slot_rw(i);

	/* Some hosts let a signal end an answered wait: then there was no trap, and this stands. */
	rw->signo = KICK_SIGNAL;
	regs_to_context(regs, &frame(i)->uc_mcontext);
	iret_frame((void *)(slot_memory(i) + layout.frame - 0x100), regs);
	rw->fs_base = regs->r[LODGER_FS_BASE];
	rw->gs_base = regs->r[LODGER_GS_BASE];
}

/*
 * Everything in the frame is what user code could have written: a guest program that forges it
 * fools its own kernel about itself, and nobody else.
 */
static void read_frame(__u32 i, struct lodger_regs *regs, struct lodger_trap *trap)
{
	trap_from_frame(READ_ONCE(slot_rw(i)->signo),
			(void *)(slot_memory(i) + layout.frame + FRAME_SIGINFO),
			&frame(i)->uc_mcontext, trap);
	regs_from_context(regs, &frame(i)->uc_mcontext);
	regs->r[LODGER_FS_BASE] = slot_rw(i)->fs_base;
	regs->r[LODGER_GS_BASE] = slot_rw(i)->gs_base;
}

static void read_call(const struct seccomp_data *call, struct lodger_regs *regs,
		      struct lodger_trap *trap)
{
	__u64 *r = regs->r;

	*trap = (struct lodger_trap){ .reason = LODGER_TRAP_SYSCALL, .signo = SIGSYS };
	r[LODGER_RAX] = call->nr;
	r[LODGER_RIP] = call->instruction_pointer;
	r[LODGER_RDI] = call->args[0];
	r[LODGER_RSI] = call->args[1];
	r[LODGER_RDX] = call->args[2];
	r[LODGER_R10] = call->args[3];
	r[LODGER_R8] = call->args[4];
	r[LODGER_R9] = call->args[5];
}

void frame_read(__u32 i, struct lodger_regs *regs, struct lodger_trap *trap)
{
	if (!slots[i].bare) {
		read_frame(i, regs, trap);
		return;
	}
	slots[i].regs = regs;
	read_call(&slots[i].call, regs, trap);
}

int frame_is_bare(__u32 i, const struct lodger_regs *regs)
{
	return slots[i].bare && slots[i].regs == regs &&
	       regs->r[LODGER_RIP] == slots[i].call.instruction_pointer;
}

void frame_complete(__u32 i)
{
	struct slot *s = &slots[i];
	struct lodger_regs *home = s->regs;
	struct lodger_trap trap = { .reason = LODGER_TRAP_GONE };
	__u64 rax, rip, status;
	long r;

	if (!s->bare)
		return;
	/* Before the answer: so its program executes nothing in between. */
	sys4(__NR_pidfd_send_signal, s->pidfd, KICK_SIGNAL, NULL, 0);
	r = slot_run(i, SLOT_USER, 0, &status);
	s->regs = NULL;
	if (!home)
		return;
	rax = home->r[LODGER_RAX];
	rip = home->r[LODGER_RIP];
	if (r >= 0 && !s->bare)
		read_frame(i, home, &trap);
	home->r[LODGER_RAX] = rax;
	home->r[LODGER_RIP] = trap.reason == LODGER_TRAP_INTERRUPT ? rip : NOWHERE;
}
