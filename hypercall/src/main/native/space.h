/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address spaces of the guest, and the slots that run them. A space gets a slot when it first runs
 * and may lose it to another when slots run out: its mappings are only TLB entries.
 */
#ifndef SPACE_H
#define SPACE_H
#include "slot.h"
#include "spawner.h"

struct slot {
	__s32 space;		/* 0 = free */
	__u32 kind;		/* enum lodger_isolation */
	__u8 alive;		/* both tasks exist and wait */
	__u32 next_free;
	__s32 pidfd;
	__s32 listener;
	__u32 user_pid;
	__u32 mapper_pid;
	__u64 user_id;		/* of the notification by which the task waits */
	__u64 mapper_id;
	__u8 bare;		/* the user task waits in a system call of its program, this one; ... */
	struct seccomp_data call;
	struct lodger_regs *regs; /* ... the home of the other registers; NULL = nobody wants them */
	__u64 last_run;
	__u64 fetched;		/* key isolation: the page that a fault wanted to execute last */
	__u64 unused;		/* where its program has nothing: see space_create in lodger_abi.h */
	__u32 unfit;		/* enum lodger_demotion, of the last -EXDEV */
	void *xstate;		/* home of the extended state in the slot's frame; NULL = none */
};

extern struct slot slots[MAX_SLOTS];
extern __u32 slot_limit;	/* at most this many at a time */
extern __u32 first_kind;	/* enum lodger_isolation: how a space starts */

long space_create(__u64 unused);
void space_destroy(__u32 space);
long space_update(__u32 space, const struct lodger_map_op *ops, __u32 count);

/*
 * The slot of a space with every queued change in force, ready to run; negative: no slot can be
 * had (-EAGAIN) or its host process died (-ESRCH).
 */
long space_slot(__u32 space);

/* For struct lodger_counters. */
void count_call(const struct map_call *call);

/* Ends the tasks of a slot; its space loses it. */
void slot_kill(__u32 i);

/*
 * Lets a task of a slot go on until it waits again, and fills *status with what it then reports.
 * value is what its call returns, where it waits in one of its program's.
 * -ESRCH: it died; -EPERM: user code posed as the mapper; -EINTR: an interrupt came first and
 * nothing ran.
 */
enum slot_task { SLOT_USER, SLOT_MAPPER };
long slot_run(__u32 i, enum slot_task task, __u64 value, __u64 *status);

/* Before all else here. */
void spaces_init(void);
/* Makes the first slots, to find out at the start whether this host can. */
void first_slots(void);

void xstate_sync(void *xstate);
/* The general registers of the thread whose extended state that is. */
void regs_sync(void *xstate);
void xstate_drop(void *xstate);
/* Makes the slot's frame hold the state whose home is xstate. */
void xstate_load(__u32 i, void *xstate);

#endif
