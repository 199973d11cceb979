/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot: one host address space in which guest programs run, and the memory that the kernel
 * process shares with it.
 *
 * Two host tasks live in that address space. The user task runs guest code; it has no descriptor
 * and can only wait, in the stub or in a system call of its program. The mapper has the RAM
 * descriptor and may map, unmap and wait; it runs from registers and from pages that user code sees
 * read-only. Both wait by a seccomp notification, so that the host itself says that they are stopped.
 *
 * Addresses above LODGER_TASK_SIZE in every slot:
 *	STUB_CODE	one page, read and execute: stub.S
 *	TITLE_PAGE	what lists of processes show (title.h), read-only
 *	SLOT_RO		written by the kernel process, read-only here
 *	SLOT_RW		the signal frame of a trap, on the alternate stack
 */
#ifndef SLOT_H
#define SLOT_H

#define STUB_CODE		0x750000000000
#define STUB_CODE_SIZE		0x1000
#define TITLE_PAGE		0x750000008000
#define TITLE_PAGE_SIZE		0x1000
#define TITLE_SHORT_SIZE	16
#define TITLE_MAPPER		(TITLE_PAGE + TITLE_PAGE_SIZE - TITLE_SHORT_SIZE) /* its short name */
#define SLOT_BASE		0x750000010000
#define SLOT_SIZE		0x20000		/* stride of a slot in the slots memfd */
#define SLOT_RO			SLOT_BASE
#define SLOT_RO_SIZE		0x2000
#define SLOT_RW			(SLOT_BASE + SLOT_RO_SIZE)
#define SLOT_STACK		(SLOT_RW + 0x1000)	/* alternate stack, to the end of the slot */
#define SLOT_STACK_SIZE		(SLOT_SIZE - SLOT_RO_SIZE - 0x1000)
#define SLOT_END		(SLOT_BASE + SLOT_SIZE)

/* The kernel process's view of all slots, and of the copies of RAM that may be executed. */
#define SLOTS_VIEW		0x760000000000
#define SHADOW_VIEW		0x770000000000
#define SPAWN_VIEW		0x758000000000
#define ANSWER_VIEW		0x75c000000000
#define CHILDREN_VIEW		0x758000100000
#define CHILDREN_SIZE		0x10000

/*
 * In every process of the guest, and all that is left of the host's own mappings where programs
 * run: its vDSO, with the data that it reads in front.
 */
#define HOST_TIME		0x7a0000000000
#define HOST_VDSO		0x7a0000010000
#define HOST_TIME_END		0x7a0000020000

/* struct slot_ro, for stub.S: slot_ro_page and slot_rw_page come from the linker script */
#define RO_FRAME		(slot_ro_page + 0x00)
#define RO_IRET			(slot_ro_page + 0x08)
#define RO_WAIT_STACK		(slot_ro_page + 0x10)
#define RO_FPSTATE		(slot_ro_page + 0x18)
#define RO_XMASK		(slot_ro_page + 0x20)
#define RO_FSGSBASE		(slot_ro_page + 0x28)
#define RO_NR_OPS		(slot_ro_page + 0x2c)
#define RO_EXIT			(slot_ro_page + 0x40)
#define RO_NESTED		(slot_ro_page + 0x80)
#define NESTED_FRAMES		8
#define RO_OPS			(slot_ro_page + 0xc0)
#define OP_SIZE			32
#define OP_NR			0
#define OP_PROT			4
#define OP_FLAGS		6
#define OP_ADDR			8
#define OP_LEN			16
#define OP_OFFSET		24

/* struct slot_rw, for stub.S */
#define RW_FS_BASE		(slot_rw_page + 0x00)
#define RW_GS_BASE		(slot_rw_page + 0x08)
#define RW_SIGNO		(slot_rw_page + 0x10)
#define RW_SIGMASK		(slot_rw_page + 0x18)
#define RW_USER_FILTER		(slot_rw_page + 0x20)
#define RW_MAPPER_FILTER	(slot_rw_page + 0x30)

/* Where a signal frame keeps registers: struct rt_sigframe, from the stack pointer at entry. */
#define FRAME_R8		48
#define FRAME_RDI		112
#define FRAME_RAX		152
#define FRAME_RSP		168
#define FRAME_RIP		176
#define FRAME_SIGINFO		312

/* The signal that stops user code, and what RW_SIGNO says when a slot can not go on. */
#define KICK_SIGNAL		10	/* SIGUSR1 */
#define SLOT_BROKEN		255

#ifndef __ASSEMBLER__
#include "sys.h"

/* One host call for the mapper. */
struct map_call {
	__u32 nr;		/* __NR_mmap, __NR_munmap or __NR_mprotect */
	__u16 prot;
	__u16 flags;		/* of mmap */
	__u64 addr;
	__u64 len;
	__u64 offset;		/* into RAM */
};

#define SLOT_MAX_OPS ((SLOT_RO_SIZE - 0xc0) / sizeof(struct map_call))

/* Writer: the kernel process. Sizes in bytes, addresses as the slot sees them. */
struct slot_ro {
	__u64 frame;		/* stack pointer at the entry of a signal handler */
	__u64 iret;		/* five words for iretq, below the frame */
	__u64 wait_stack;	/* stack pointer while waiting, below those */
	__u64 fpstate;		/* the frame's xsave image */
	__u64 xmask;		/* state components in it */
	__u32 fsgsbase;		/* 1 = user code may use rdfsbase and friends */
	__u32 nr_ops;
	__u8 selector;		/* key isolation: SYSCALL_DISPATCH_FILTER_*, see key.S */
	__u8 pad[15];
	__u64 exit[8];		/* key isolation: rax, rcx, rdx and the five words for iretq */
	__u64 nested[NESTED_FRAMES]; /* frames of signals before a handler's first instruction */
	struct map_call ops[SLOT_MAX_OPS];
};

/* Writers: the stub, hence user code; and the kernel process while the user task waits. */
struct slot_rw {
	__u64 fs_base;
	__u64 gs_base;
	__u32 signo;
	__u32 pad;
	/* For the start of the two tasks only, written by the spawner's child. */
	__u64 sigmask;
	struct sock_fprog user_filter;
	struct sock_fprog mapper_filter;
	struct sock_filter filters[128];
};

/* Offsets in a signal frame that depend on the host's extended state; see probe.c. */
struct frame_layout {
	__u64 frame;		/* from SLOT_BASE */
	__u64 fpstate;		/* from SLOT_BASE */
	__u64 nested[NESTED_FRAMES]; /* from SLOT_BASE: each one's stack pointer is the one before */
	__u64 xfeatures;	/* without protection keys: guests have none */
	__u32 xstate_size;
	__u32 fsgsbase;
};

extern struct frame_layout layout;
void probe_frame(const unsigned long *auxv);
/* The value of that type, or 0. */
unsigned long aux(const unsigned long *auxv, unsigned long type);

/*
 * What the kernel process answers to a notification. Its filter knows this place and no other, and
 * the last word, the flags, lies in a page of zeroes that nobody can change: so a guest kernel can
 * not have the host carry out the call that it was told of.
 */
struct answer {
	__u64 id;
	__s64 val;		/* what the call returns */
	__s32 error;
	__u32 flags;
} __attribute__((packed));

#define ANSWER_SIZE	0x2000
#define ANSWER_FLAGS	(ANSWER_VIEW + 0x1000)
#define ANSWER		(ANSWER_FLAGS - offsetof(struct answer, flags))

/* Descriptors: the memory of all slots, and what the kernel process shares with keyed ones. */
extern int slots_fd, shared_fd;

/* The memory of slot i in the kernel process. */
static inline __u64 slot_memory(__u32 i)
{
	return SLOTS_VIEW + (__u64)i * SLOT_SIZE;
}

static inline struct slot_ro *slot_ro(__u32 i)
{
	return (struct slot_ro *)slot_memory(i);
}

static inline struct slot_rw *slot_rw(__u32 i)
{
	return (struct slot_rw *)(slot_memory(i) + SLOT_RO_SIZE);
}

/* stub.S: labels behind the system calls that the filters know. */
extern char stub_start[], stub_end[], user_trap[], slot_start[];
extern char user_wait_ret[], user_exit_ret[];
extern char mapper_wait_ret[], mapper_call_ret[], mapper_exit_ret[];
extern char set_fs_ret[], set_gs_ret[];

#endif
#endif
