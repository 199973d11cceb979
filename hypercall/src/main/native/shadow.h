/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be executed in a process that has the key: copies of pages of RAM, at the same offsets
 * in a memfd of their own, that hold no instruction that changes a key. User code can not write
 * them, and what it writes to RAM never becomes executable by itself.
 */
#ifndef SHADOW_H
#define SHADOW_H
#include "sys.h"

extern int shadow_fd;

/* Copies, and a bit for each page: see shadow.c. RAM is a multiple of 2 MiB. */
#define SHADOW_SIZE	(ram_size + (ram_size >> 15 | 4095) + 1)

/* Makes the memfd and maps it at SHADOW_VIEW, where all processes made later have it. */
void shadow_init(void);

/*
 * Makes the copies of [phys, phys + len) hold what RAM holds now, and returns how many bytes of
 * it, from the start, may be executed: up to a page with an instruction that changes a key, at
 * whatever alignment, that is not one of glibc's that are known.
 */
__u64 shadow_refresh(__u64 phys, __u64 len);

/* RAM may hold something else there since it was last looked at. */
void shadow_changed(__u64 phys, __u64 len);

/* Whether a page may be executed as it is, beside any others. */
int shadow_fit(const __u8 *page);

/* Whether nothing in there is an instruction that changes a key, at whatever alignment. */
int changes_no_key(const __u8 *code, __u64 len);

/* glibc's, as they stand in a copy: the first two bytes are ud2's. */
#define SHADOW_XRSTOR_BEFORE	7	/* mov $mask, %eax; xor %edx, %edx */
#define SHADOW_XRSTOR_LEN	5	/* xrstor disp8(%rsp) */
int shadow_is_xrstor(const __u8 *at);

#endif
