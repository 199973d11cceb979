/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp filters. Each is built into an array that the caller owns; the functions return the
 * number of instructions used.
 *
 * The host combines stacked filters by the strictest answer: kill, trap, error, notify, allow.
 */
#ifndef FILTER_H
#define FILTER_H
#include "sys.h"

#define FILTER_MAX 128

/*
 * Both tasks of a slot: the two waits become notifications, and if bare a program's system calls;
 * everything else is for the next.
 */
int build_notify_filter(struct sock_filter *f, int bare);
/* The user task: what is notified, setting fs and gs from the stub; everything else traps. */
int build_user_filter(struct sock_filter *f, int bare);
/* The mapper: its wait, mapping RAM, unmapping; everything else kills. */
int build_mapper_filter(struct sock_filter *f);
/* The kernel process, which runs a guest kernel that nobody trusts. */
int build_kernel_filter(struct sock_filter *f, __u32 timer);
/* A process that has the key: the same, and executable copies of RAM behind the key. */
int build_key_filter(struct sock_filter *f, __u32 timer);
#endif
