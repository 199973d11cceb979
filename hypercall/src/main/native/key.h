/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key isolation: the guest kernel's memory is mapped in the host process that runs a guest
 * program, behind a protection key that is open only while the guest kernel runs. A trap stays in
 * its thread. Changing the address space means that the kernel goes on in another process, so
 * what it uses of the switcher's memory is shared among all of them (SHARED), at one address.
 *
 * The kernel process takes part: it is where the kernel starts, and where it goes on when the
 * process that it was in is killed under it.
 */
#ifndef KEY_H
#define KEY_H
#include "slot.h"

/* enum lodger_reg, for key.S */
#define REG_R15		0
#define REG_R14		1
#define REG_R13		2
#define REG_R12		3
#define REG_RBP		4
#define REG_RBX		5
#define REG_R11		6
#define REG_R10		7
#define REG_R9		8
#define REG_R8		9
#define REG_RSI		13
#define REG_RAX		10
#define REG_RCX		11
#define REG_RDX		12
#define REG_RDI		14
#define REG_RIP		16
#define REG_RFLAGS	18
#define REG_RSP		19
#define REG_FS_BASE	21
#define REG_GS_BASE	22

#define TRAP_SYSCALL	1	/* LODGER_TRAP_SYSCALL */
#define KEY_CALLED	254	/* what key_enter() returns for a call through key_call */

#ifndef __ASSEMBLER__

/* Says why this host can not do it, or NULL; then guest_key is the key. Before the spawner starts. */
const char *key_probe(void);

/* The kernel's text, guest-physical: the part of RAM that may be executed. */
extern __u64 text_phys, text_size;

/* Of this process: its slot + 1, 0 in the kernel process. */
extern __u32 me;
/* Where the guest kernel runs, in the same numbers. */
extern __u32 running;
extern __u32 in_user;
/* The host's number of the key, and of this process. */
extern __s32 guest_key, own_pidfd;
/* Where the host has put the first stack. */
extern __u64 host_stack, host_stack_end;

/* key.S */
extern char key_call[], key_call_saved[], key_call_flags[], key_call_end[];
/* What the guest kernel left when it went to user code, or hopped. */
extern __u64 kernel_sp;
extern char key_exit_start[], key_exit_end[], key_xrstor_fault[], key_xrstor_failed[];
void key_open_first(void);
void key_probed(int signo, siginfo_t *info, struct ucontext *uc);
void key_trap(int signo, siginfo_t *info, struct ucontext *uc);
int key_enter(const struct lodger_regs *regs, __u8 *selector, void *frame_flags,
	      const __u64 *pending, int as_sysret);
int key_hop(__u32 to);
int key_xrstor_user(const void *image, __u64 mask);

/* The spawner's child becomes the user process of slot i; done = tell the spawner (0 or -errno). */
void become_key(__u32 i, void (*done)(void *arg, long error), void *arg) __attribute__((noreturn));

/* The kernel goes on in the process of slot i, or in the kernel process. -ESRCH: it is dead. */
long key_arrive(__u32 i);
void key_arrive_first(void);

/* key_map.c: in a new process, of slot i, all that the kernel and the switcher use, behind the key. */
void key_map_window(__u32 i);
/* The kernel comes to this process, and has changed its mappings meanwhile elsewhere. */
void key_catch_up(void);

/* Takes what is at [addr, addr + len) from user code of slot i, in its process. */
void key_unmap_user(__u32 i, __u64 addr, __u64 len);

/* Carries out the queued changes of slot i. -EXDEV: a page must not be executed there. */
long key_flush(__u32 i);

/* Runs user code of slot i, whose extended state is in place; returns the signal that ended it. */
int key_run(__u32 i, struct lodger_regs *regs, struct lodger_trap *trap);

/* A signal told a process in which the kernel does not run: tell the one in which it does. */
void key_forward(void);

long key_kernel_map(__u64 addr, __u64 phys, __u64 len, __u32 prot);
void key_kernel_unmap(__u64 addr, __u64 len);
void key_shutdown(__u32 status) __attribute__((noreturn));

/* Extended state of the user code of this process, which stays in its registers. */
void key_xsave(void *image, __u64 mask);
void key_xrstor(const void *image, __u64 mask);

/* Executes what the shadow replaced, for the program. Returns 1 when it was that. */
int key_emulate(struct lodger_regs *regs, struct lodger_trap *trap);

#endif
#endif
