/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one virtual CPU: the kernel process, which runs guest kernel code itself and lets a slot run
 * guest programs meanwhile it waits.
 */
#ifndef VCPU_H
#define VCPU_H
#include "sys.h"

extern struct lodger_vcpu *vcpu;	/* in the control region */
extern struct lodger_boot_info *boot_info;
extern __u64 ram_size;
extern __u32 awaited_slot;		/* the one whose notifications are waited for */
extern __s32 timer_id;

/* Signal handlers and their stack; the timer. */
void vcpu_init(void);

void vcpu_set_handlers(const struct lodger_handlers *h);
void vcpu_run_user(__u32 space, struct lodger_regs *regs, void *xstate, struct lodger_trap *trap);
void vcpu_idle(void);
void vcpu_timer_set(__u64 delta);

/* Brackets what an interrupt handler of the guest must not enter again. */
__u32 vcpu_mask(void);
void vcpu_unmask(__u32 enabled);

#endif
