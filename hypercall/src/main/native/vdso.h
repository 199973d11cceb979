/* SPDX-License-Identifier: Apache-2.0 */
/* The host's clocks through its vDSO, where it has one: 20 ns instead of 90 for a system call. */
#ifndef VDSO_H
#define VDSO_H
#include "sys.h"

void vdso_init(const unsigned long *auxv);
/* Nanoseconds. */
__u64 clock_read(int clock);
#endif
