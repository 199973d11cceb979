/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's one-shot timer, by a POSIX timer in each process that may run the guest kernel. Times
 * are nanoseconds.
 */
#ifndef TIMER_H
#define TIMER_H
#include "sys.h"

extern __s32 timer_id;		/* the host's number of this process's timer */

/* For the calling process, which handles SIGALRM. */
void timer_make(void);

/* Raises LODGER_IRQ_TIMER after delta; 0 disarms it. */
void timer_set(__u64 delta);

/* The kernel falls idle in this process: its timer is to go off here. */
void timer_here(void);

/* The host's timer went off, here or elsewhere. */
void timer_expired(void);

/* The process that had armed it is gone. */
void timer_lost(void);

#endif
