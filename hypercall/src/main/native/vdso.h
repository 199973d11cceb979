/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's clocks through its vDSO, where it has one: 20 ns instead of 90 for a system call.
 * Guest programs may call it, too, so it is moved to where it is in no one's way: HOST_VDSO.
 */
#ifndef VDSO_H
#define VDSO_H
#include "sys.h"

/*
 * What guests take for monotonic time. It goes on while the host sleeps, so that a guest's time of
 * day, which Linux counts from it, is right afterwards.
 */
#define GUEST_CLOCK CLOCK_BOOTTIME

/* For the boot-info page: where the host reads that clock without a system call; 0 = nowhere. */
extern __u64 host_clock;

/* Before anything else is mapped. */
void vdso_init(const unsigned long *auxv);
/* Says why programs must not have both it and a key, or NULL. */
const char *vdso_probe(void);
/* Nanoseconds. */
__u64 clock_read(int clock);
#endif
