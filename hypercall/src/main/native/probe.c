/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the host puts a signal frame. Its size depends on the CPU's extended state, so ask the
 * host once: take a signal on a stack at the very address that every slot has.
 */
#include "key.h"
#include "slot.h"

#define SS_DISABLE	2
#define XFEATURE_PKRU	(1UL << 9)
#define XFEATURE_APX	(1UL << 19)
#define SW_RESERVED	464	/* struct _fpx_sw_bytes in an xsave image */
#define HWCAP2_FSGSBASE	2
/* Frames below the one of a trap: a signal in the stub, with room to spare. */
#define NESTED_IN_STUB	2

struct frame_layout layout;

static int nesting;

/* A signal at the very start of a handler, before it has moved the stack pointer. */
static void raise_at(__u64 sp)
{
	asm volatile("xchg %%rsp, %%rbx\n	syscall\n	xchg %%rsp, %%rbx"
		     : : "a"(__NR_kill), "D"(sys(__NR_getpid)), "S"(KICK_SIGNAL), "b"(sp)
		     : "rcx", "r11", "memory");
}

static void probed(int signo, siginfo_t *info, struct ucontext *uc)
{
	struct _fpx_sw_bytes *sw = (void *)(U(uc->uc_mcontext.fpstate) + SW_RESERVED);

	(void)signo;
	(void)info;
	if (nesting) {
		layout.nested[nesting - 1] = U(uc) - 8 - SLOT_BASE;
		if (nesting++ < NESTED_FRAMES)
			raise_at(U(uc) - 8);
		return;
	}
	nesting = 1;
	layout.frame = U(uc) - 8 - SLOT_BASE;
	layout.fpstate = U(uc->uc_mcontext.fpstate) - SLOT_BASE;
	if (sw->magic1 != FP_XSTATE_MAGIC1)
		return;
	layout.xfeatures = sw->xfeatures & ~XFEATURE_PKRU;
	layout.xstate_size = sw->xstate_size;
	raise_at(U(uc) - 8);
}

unsigned long aux(const unsigned long *auxv, unsigned long type)
{
	for (; auxv[0]; auxv += 2)
		if (auxv[0] == type)
			return auxv[1];
	return 0;
}

void probe_frame(const unsigned long *auxv)
{
	struct sys_sigaction sa = {
		.handler = probed, .flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTORER,
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
	if ((NESTED_IN_STUB + 1) * (SLOT_SIZE - layout.frame) > SLOT_STACK_SIZE)
		die(LODGER_EXIT_INTERNAL, "this CPU's signal frame is larger than a slot's stack", 0);
}

#define PROBE_SYSCALL_DISPATCH 2
#define PROBE_STACK 0x10000

__s32 guest_key;

static void try_key(void)
{
	struct sys_sigaction sa = {
		.handler = key_probed, .flags = SA_ONSTACK | SA_RESTORER,
		.restorer = signal_return,
	};
	stack_t stack = { .ss_sp = (void *)SLOT_STACK, .ss_size = PROBE_STACK };
	__u8 selector = 0;

	if (sys5(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector))
		sys1(__NR_exit_group, PROBE_SYSCALL_DISPATCH);
	if (sys_mmap(SLOT_STACK, PROBE_STACK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (long)SLOT_STACK &&
	    !sys4(__NR_pkey_mprotect, SLOT_STACK, PROBE_STACK, PROT_READ | PROT_WRITE, guest_key)) {
		sys2(__NR_sigaltstack, &stack, NULL);
		sys4(__NR_rt_sigaction, KICK_SIGNAL, &sa, NULL, 8);
		sys2(__NR_kill, sys(__NR_getpid), KICK_SIGNAL);
	}
	sys1(__NR_exit_group, 1);
}

const char *key_probe(void)
{
	int status = -1;
	long pid;

	if (!layout.fsgsbase)
		return "the host does not let programs set fs and gs (fsgsbase, Linux 5.9); use --isolation auto";
	/* Its prefixes write wrpkru in ways that shadow.c does not look for. */
	if (layout.xfeatures & XFEATURE_APX)
		return "programs may use APX on this host, which can change protection keys; use --isolation auto";
	guest_key = sys2(__NR_pkey_alloc, 0, 0);
	if (guest_key < 0)
		return "the CPU or the host has no protection keys (pku); use --isolation auto";
	pid = sys5(__NR_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid)
		try_key();
	if (pid > 0)
		sys4(__NR_wait4, pid, &status, 0, NULL);
	if (!status)
		return NULL;
	if (status == PROBE_SYSCALL_DISPATCH << 8)
		return "the host has no syscall user dispatch (Linux 5.11); use --isolation auto";
	return "the host does not deliver signals to a stack behind a key (Linux 6.12); use --isolation auto";
}
