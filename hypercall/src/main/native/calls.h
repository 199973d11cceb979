/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewritten call sites, in isolation by key: a system call that a program makes again and again
 * becomes a jump into the gate, which costs a tenth of a trap.
 *
 * Of
 *	mov $nr, %eax		or	mov 8(%rsp), %r9	(libc's syscall())
 *	syscall				syscall
 * only the first instruction, five bytes, becomes a jump to a trampoline. It executes that
 * instruction, puts a number into r11 and jumps to key_call. The syscall itself stays where it is:
 * who jumps to it, or is sent back to it, traps as before. It must be a jump and not a call, since
 * programs may use the memory below their stack pointer.
 *
 * What is changed is a copy of the page, which only this address space executes. It lies behind the
 * key: a program that reads its own code faults, and gets the page back as it was, for good.
 */
#ifndef CALLS_H
#define CALLS_H
#include "slot.h"

/*
 * Trampolines are in reach of programs at fixed addresses, and at the unused place that the guest
 * kernel names, in reach of libraries. A program that maps something there is demoted.
 */
#define CALLS_LOW		0x10000
#define CALLS_LOW_END		(CALLS_LOW + CALLS_CODE_SIZE)
#define CALLS_CODE_SIZE		LODGER_UNUSED_SIZE

/* Memory of each slot in a memfd of its own: struct calls, the trampolines, the copies of pages. */
#define CALLS_VIEW		0x790000000000
#define CALLS_SIZE		0x40000
#define CALLS_CODE		0x1000
#define CALLS_COPIES		(CALLS_CODE + CALLS_CODE_SIZE)
#define MAX_CALLS		256
#define MAX_CALL_PAGES		60

/* A page that user code may write: where key_call saves what it needs the registers of. */
#define CALLS_SAVED		SLOT_END
#define SAVED_RAX		(calls_saved_page + 0x00)
#define SAVED_RDX		(calls_saved_page + 0x08)
#define SAVED_RSP		(calls_saved_page + 0x10)

#ifndef __ASSEMBLER__
#include "sys.h"

/* In the kernel process, before the spawner starts: makes the memory, unless rewriting is off. */
void calls_init(void);
/* In a new process with the key, of slot i. */
void calls_start(__u32 i);

/* User code of slot i has made a system call at regs' rip: rewrites it, if that pays. */
void calls_seen(__u32 i, const struct lodger_regs *regs);

/* User code may not read that address: returns 1 if that was for its copy, and it may now. */
int calls_read(__u32 i, __u64 address);

/* Undoes what is rewritten, until the next space: the program is about to be single-stepped. */
void calls_stop(__u32 i);

/* Another address space gets the slot, or all mappings are gone. */
void calls_reset(__u32 i);

/*
 * A signal or a page fault amid a call: makes registers those of the program at the instruction that
 * it was at. Not for system calls and illegal instructions, which honest programs never come to
 * there: what they leave in rip must be where they are.
 */
void calls_rewind(__u32 i, struct lodger_regs *regs);

extern int calls_fd;	/* 0 = rewriting is off */

#endif
#endif
