/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the host puts a signal frame. Its size depends on the CPU's extended state, so ask the
 * host once: take a signal on a stack at the very address that every slot has.
 */
#include "slot.h"

#define SS_DISABLE	2
#define SW_RESERVED	464	/* struct _fpx_sw_bytes in an xsave image */
#define HWCAP2_FSGSBASE	2
/* Frames below the one of a trap: a signal in the stub, with room to spare. */
#define NESTED_FRAMES	2

struct frame_layout layout;

static void probed(int signo, siginfo_t *info, struct ucontext *uc)
{
	struct _fpx_sw_bytes *sw = (void *)(U(uc->uc_mcontext.fpstate) + SW_RESERVED);

	(void)signo;
	(void)info;
	layout.frame = U(uc) - 8 - SLOT_BASE;
	layout.fpstate = U(uc->uc_mcontext.fpstate) - SLOT_BASE;
	if (sw->magic1 != FP_XSTATE_MAGIC1)
		return;
	layout.xfeatures = sw->xfeatures;
	layout.xstate_size = sw->xstate_size;
}

static unsigned long aux(const unsigned long *auxv, unsigned long type)
{
	for (; auxv[0]; auxv += 2)
		if (auxv[0] == type)
			return auxv[1];
	return 0;
}

void probe_frame(const unsigned long *auxv)
{
	struct sys_sigaction sa = {
		.handler = probed, .flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER,
		.restorer = signal_return,
	};
	stack_t stack = { .ss_sp = (void *)SLOT_STACK, .ss_size = SLOT_STACK_SIZE };
	stack_t none = { .ss_flags = SS_DISABLE };

	layout.fsgsbase = !!(aux(auxv, AT_HWCAP2) & HWCAP2_FSGSBASE);
	if (sys_mmap(SLOT_BASE, SLOT_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != SLOT_BASE)
		die(LODGER_EXIT_INTERNAL, "cannot map a probe stack", 0);
	sys2(__NR_sigaltstack, &stack, NULL);
	sys4(__NR_rt_sigaction, KICK_SIGNAL, &sa, NULL, 8);
	sys2(__NR_kill, sys(__NR_getpid), KICK_SIGNAL);
	sys2(__NR_sigaltstack, &none, NULL);
	sys2(__NR_munmap, SLOT_BASE, SLOT_SIZE);
	if (!layout.xstate_size)
		die(LODGER_EXIT_USAGE, "this CPU or kernel lacks xsave, which Lodger needs", 0);
	if ((NESTED_FRAMES + 1) * (SLOT_SIZE - layout.frame) > SLOT_STACK_SIZE)
		die(LODGER_EXIT_INTERNAL, "this CPU's signal frame is larger than a slot's stack", 0);
}
