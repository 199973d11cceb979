/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spawner: the one process that may make others. It is forked from the first process before
 * that one filters itself, and shares its descriptor table, so that descriptors need no passing.
 * It serves a hostile kernel process, from this page, and trusts nothing in it but slot numbers.
 */
#ifndef SPAWNER_H
#define SPAWNER_H
#include "sys.h"

/*
 * Seccomp filters: of a slot of each kind, and of all. When a guest is killed the host frees all of
 * them at once, and Linux 6.18 stands still if more than 1,023 wait for that on one CPU: each takes
 * a place in a queue, and the job that they wait for needs one, too.
 */
#define PROCESS_FILTERS 3
#define KEY_FILTERS 1
#define MAX_FILTERS 960
#define MAX_SLOTS (MAX_FILTERS / KEY_FILTERS)

enum spawn_state {
	SPAWN_EMPTY,	/* spawner: no processes */
	SPAWN_WANTED,	/* kernel process: make them */
	SPAWN_STARTED,	/* spawner: pidfd and listener are valid */
	SPAWN_FAILED,	/* spawner: the host refused; error is its errno */
	SPAWN_DEAD,	/* spawner: the user task or the mapper ended */
	SPAWN_RELEASED,	/* kernel process: done with a dead or failed one; becomes EMPTY */
};

struct spawn_slot {
	__u32 state;	/* enum spawn_state */
	__s32 pidfd;	/* of the user task */
	__s32 listener;	/* notifications of both tasks */
	__s32 error;
	__u32 kind;	/* kernel process: enum lodger_isolation */
	__u32 pad;
};

struct spawn_page {
	__u32 request;	/* incremented by the kernel process, a futex */
	__u32 pad0[15];
	__u32 reply;	/* incremented by the spawner, a futex */
	__u32 deaths;	/* incremented by the spawner, which then signals SIGUSR2 ... */
	__u32 pad1[14];
	__u32 deaths_seen; /* ... until the kernel process has copied it here */
	__u32 pad2[15];
	struct spawn_slot slot[MAX_SLOTS];
};

#define spawn ((struct spawn_page *)SPAWN_VIEW)

/* Forks the spawner; returns in the caller only. */
void start_spawner(void);
#endif
