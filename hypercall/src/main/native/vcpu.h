/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one virtual CPU: the kernel process, which runs guest kernel code itself and lets a slot run
 * guest programs meanwhile it waits.
 */
#ifndef VCPU_H
#define VCPU_H
#include "sys.h"

#define vcpu ((struct lodger_vcpu *)(LODGER_CONTROL + LODGER_CONTROL_VCPUS))
#define counters ((struct lodger_counters *)(LODGER_CONTROL + LODGER_CONTROL_COUNTERS))
#define boot_info ((struct lodger_boot_info *)(LODGER_CONTROL + LODGER_CONTROL_BOOT))
#define VECTOR_PROTECTION 13
#define VECTOR_PAGE_FAULT 14

static inline int interrupt_pending(void)
{
	return __atomic_load_n(&vcpu->pending, __ATOMIC_SEQ_CST) != 0;
}

extern __u64 ram_size;
extern __u32 awaited_slot;		/* the one whose notifications are waited for */

extern __u64 fault_address;		/* of a fault in key_xrstor_user(); 0 = none */

/* Signal handlers and their stack, and a timer, for the calling process. */
void vcpu_signals(void (*handler)(int, siginfo_t *, struct ucontext *), void *stack, __u64 size);
/* The same for the kernel process. */
void vcpu_init(void);

void vcpu_set_handlers(const struct lodger_handlers *h);
void vcpu_run_user(__u32 space, struct lodger_regs *regs, void *xstate, struct lodger_trap *trap);
void vcpu_idle(void);

/* Brackets what an interrupt handler of the guest must not enter again. */
__u32 vcpu_mask(void);
void vcpu_unmask(__u32 enabled);

#endif
