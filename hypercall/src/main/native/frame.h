/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a program's registers are while the kernel runs: in the signal frame of its trap, or, while
 * it waits in a system call of its own, with the host. Such a task, and its slot, are called bare.
 */
#ifndef FRAME_H
#define FRAME_H
#include "slot.h"

#define USER_CS 0x33
#define USER_SS 0x2b

/* What a signal frame of user code says. */
void trap_from_frame(int signo, const siginfo_t *info, const struct sigcontext *c,
		     struct lodger_trap *trap);
void regs_from_context(struct lodger_regs *regs, const struct sigcontext *c);
void regs_to_context(const struct lodger_regs *regs, struct sigcontext *c);
/* The five words by which iretq goes to user code. */
void iret_frame(__u64 *words, const struct lodger_regs *regs);

/* Isolation by process: what made the user task of slot i wait. regs may be bare then. */
void frame_read(__u32 i, struct lodger_regs *regs, struct lodger_trap *trap);
/* What it goes on with; not while bare. */
void frame_write(__u32 i, const struct lodger_regs *regs);

/* Slot i is bare, and its program is to go on with these registers behind its call. */
int frame_is_bare(__u32 i, const struct lodger_regs *regs);
/*
 * Makes slot i bare no more: its task comes to the stub, and the registers' home gets what it
 * lacked. Where the task is gone or broken, the home gets an address at which its program faults.
 */
void frame_complete(__u32 i);

#endif
