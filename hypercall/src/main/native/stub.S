/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs in a slot besides guest programs. User code can jump to any byte of this page with any
 * registers, so nothing here relies on a register or a stack that it has not just loaded from a
 * read-only page, and the filters allow next to nothing (see filter.c).
 */
#include <asm/errno.h>
#include <asm/unistd_64.h>
#include "slot.h"

#define ARCH_SET_GS	0x1001
#define ARCH_SET_FS	0x1002
#define SIG_SETMASK	2
#define SECCOMP_SET_MODE_FILTER	1
#define PR_SET_PDEATHSIG	1
#define PR_SET_NAME		15
#define CLOSE_RANGE_UNSHARE	2
#define CLONE_FLAGS	0x00108511	/* VM | FILES | PARENT | PARENT_SETTID, SIGCHLD */
#define ADDRESS_END	0x7ffffffff000

	.section .stub, "ax"
	.globl stub_start, stub_end, user_trap, slot_start
	.globl user_wait_ret, mapper_wait_ret, mapper_call_ret, set_fs_ret, set_gs_ret
	.globl user_exit_ret, mapper_exit_ret

stub_start:
/*
 * Every signal comes here, on the alternate stack: rdi = signal, rsp = frame. A frame at another
 * place means that the stub itself was interrupted, or that user code pointed rsp at this stack.
 */
user_trap:
	mov	RO_FRAME(%rip), %rax
	cmp	%rax, %rsp
	jne	nested
trap_entry:
	mov	%edi, RW_SIGNO(%rip)
	cmpl	$0, RO_FSGSBASE(%rip)
	je	user_wait		/* then only the kernel process changes the bases */
	rdfsbase %rax
	mov	%rax, RW_FS_BASE(%rip)
	rdgsbase %rax
	mov	%rax, RW_GS_BASE(%rip)
user_wait:
	mov	RO_WAIT_STACK(%rip), %rsp
	mov	$__NR_getppid, %eax
	syscall				/* the filter turns this into a notification */
user_wait_ret:
	test	%eax, %eax
	jnz	user_interrupted
resume:
	pushfq
	testl	$0x4000, (%rsp)		/* NT, the program's: with it set, iretq faults */
	jz	1f
	movq	$0x202, (%rsp)
	popfq
1:	cmpl	$0, RO_FSGSBASE(%rip)
	je	1f
	mov	RW_FS_BASE(%rip), %rax
	wrfsbase %rax
	mov	RW_GS_BASE(%rip), %rax
	wrgsbase %rax
	jmp	2f
1:	mov	$__NR_arch_prctl, %eax
	mov	$ARCH_SET_FS, %edi
	mov	RW_FS_BASE(%rip), %rsi
	syscall
set_fs_ret:
	mov	$__NR_arch_prctl, %eax
	mov	$ARCH_SET_GS, %edi
	mov	RW_GS_BASE(%rip), %rsi
	syscall
set_gs_ret:
2:	mov	RO_FPSTATE(%rip), %rcx
	mov	RO_XMASK(%rip), %eax
	mov	4 + RO_XMASK(%rip), %edx
	xrstor64 (%rcx)
	mov	RO_FRAME(%rip), %rax
	mov	FRAME_R8(%rax), %r8
	mov	FRAME_R8+8(%rax), %r9
	mov	FRAME_R8+16(%rax), %r10
	mov	FRAME_R8+24(%rax), %r11
	mov	FRAME_R8+32(%rax), %r12
	mov	FRAME_R8+40(%rax), %r13
	mov	FRAME_R8+48(%rax), %r14
	mov	FRAME_R8+56(%rax), %r15
	mov	FRAME_R8+64(%rax), %rdi
	mov	FRAME_R8+72(%rax), %rsi
	mov	FRAME_R8+80(%rax), %rbp
	mov	FRAME_R8+88(%rax), %rbx
	mov	FRAME_R8+96(%rax), %rdx
	mov	FRAME_R8+112(%rax), %rcx
	mov	RO_IRET(%rip), %rsp
	mov	FRAME_R8+104(%rax), %rax
	iretq				/* not rt_sigreturn: user code could use that to block signals */
resume_end:

/* A signal ended the wait, not the kernel process; or there is none any more. */
user_interrupted:
	cmp	$-ENOSYS, %eax
	jne	user_wait
	mov	$__NR_exit_group, %eax
	syscall
user_exit_ret:
	ud2

/*
 * The stub was interrupted. Where it was says how to go on; all of it can be done again:
 *	before the wait		the trap is being recorded: record it anew
 *	in the wait		wait again, unless the answer has just come
 *	after the wait		a kick: report it, registers are still in the frame as they were
 *	in here			a kick found the one before still being handled: handle that anew
 * The last leads to an older frame, higher up, so that no frames of user code's make it endless.
 */
nested:
	mov	FRAME_RIP(%rsp), %rax
	lea	user_trap(%rip), %rcx
	cmp	%rcx, %rax
	jb	broken
	lea	trap_entry(%rip), %rcx
	cmp	%rcx, %rax
	jb	3f
	lea	user_wait(%rip), %rcx
	cmp	%rcx, %rax
	jb	1f
	lea	user_wait_ret(%rip), %rcx
	cmp	%rcx, %rax
	jb	user_wait
	jne	2f
	cmpl	$0, FRAME_RAX(%rsp)
	jne	user_wait
2:	lea	nested(%rip), %rcx
	cmp	%rcx, %rax
	jae	3f
	lea	resume_end(%rip), %rcx
	cmp	%rcx, %rax
	jae	user_wait
	cmp	$KICK_SIGNAL, %edi
	jne	broken
	mov	%edi, RW_SIGNO(%rip)
	jmp	user_wait
1:	mov	FRAME_RDI(%rsp), %edi
	jmp	trap_entry
3:	lea	broken(%rip), %rcx
	cmp	%rcx, %rax
	jae	broken
	mov	FRAME_RSP(%rsp), %rcx
	cmp	%rsp, %rcx
	jbe	broken
	mov	FRAME_RDI(%rsp), %edi
	mov	%rcx, %rsp
	jmp	user_trap
broken:
	movl	$SLOT_BROKEN, RW_SIGNO(%rip)
	jmp	user_wait

/*
 * The mapper: a list of host calls from the read-only page, then a notification with the first
 * error or 0. It never touches memory that user code can write, so no stack either.
 */
mapper:
	xor	%r13d, %r13d
mapper_wait:
	mov	%r13, %rdi
	mov	$__NR_getppid, %eax
	syscall
mapper_wait_ret:
	test	%eax, %eax
	jnz	mapper_interrupted
	xor	%r13d, %r13d
	lea	RO_OPS(%rip), %rbx
	mov	RO_NR_OPS(%rip), %r12d
1:	sub	$1, %r12d
	jb	mapper_wait
	mov	OP_NR(%rbx), %r14d
	mov	OP_ADDR(%rbx), %rdi
	mov	OP_LEN(%rbx), %rsi
	movzwl	OP_PROT(%rbx), %edx
	mov	OP_OFFSET(%rbx), %r9
	movzwl	OP_FLAGS(%rbx), %r10d
	mov	$3, %r8d		/* LODGER_FD_RAM */
2:	mov	%r14d, %eax
	syscall
mapper_call_ret:
	cmp	$-4096, %rax
	ja	3f
	add	$OP_SIZE, %rbx
	jmp	1b
3:	cmp	$__NR_mprotect, %r14d	/* not all of it is mapped: then none of it needs to be */
	mov	$__NR_munmap, %r14d
	je	2b
	mov	%rax, %r13
	jmp	mapper_wait
mapper_interrupted:
	cmp	$-ENOSYS, %eax
	jne	mapper_wait
	mov	$__NR_exit_group, %eax
	syscall
mapper_exit_ret:
	ud2

/*
 * The start of both, jumped to by the spawner's child once everything that needs memory is done:
 * rdi = where to store the mapper's pid, r15 = the spawner's pid. Signals are blocked, the notifying filter is in place.
 */
slot_start:
	mov	%rdi, %rdx
	mov	$CLONE_FLAGS, %edi
	xor	%esi, %esi
	xor	%r10d, %r10d
	xor	%r8d, %r8d
	mov	$__NR_clone, %eax
	syscall
	test	%rax, %rax
	jz	mapper_start
	js	die
	xor	%edi, %edi
	mov	$STUB_CODE, %rsi
	mov	$__NR_munmap, %eax
	syscall
	mov	$SLOT_END, %rdi
	mov	$HOST_TIME - SLOT_END, %rsi
	mov	$__NR_munmap, %eax
	syscall
	mov	$HOST_TIME_END, %rdi
	mov	$ADDRESS_END - HOST_TIME_END, %rsi
	mov	$__NR_munmap, %eax
	syscall
	xor	%edi, %edi
	mov	$-1, %esi
	mov	$CLOSE_RANGE_UNSHARE, %edx
	mov	$__NR_close_range, %eax
	syscall
	mov	$SIG_SETMASK, %edi
	lea	RW_SIGMASK(%rip), %rsi
	xor	%edx, %edx
	mov	$8, %r10d
	mov	$__NR_rt_sigprocmask, %eax
	syscall
	lea	RW_USER_FILTER(%rip), %rdx
	mov	$SECCOMP_SET_MODE_FILTER, %edi
	xor	%esi, %esi
	mov	$__NR_seccomp, %eax
	syscall
	test	%eax, %eax
	jz	user_wait
die:	mov	$1, %edi
	mov	$__NR_exit_group, %eax
	syscall
	ud2

mapper_start:
	mov	$PR_SET_PDEATHSIG, %edi
	mov	$9, %esi
	mov	$__NR_prctl, %eax
	syscall
	mov	$__NR_getppid, %eax
	syscall
	cmp	%eax, %r15d		/* it may have died before the prctl */
	jne	die
	mov	$PR_SET_NAME, %edi
	movabs	$TITLE_MAPPER, %rsi
	mov	$__NR_prctl, %eax
	syscall
	mov	$4, %edi		/* keep LODGER_FD_RAM, close the rest */
	mov	$-1, %esi
	mov	$CLOSE_RANGE_UNSHARE, %edx
	mov	$__NR_close_range, %eax
	syscall
	xor	%edi, %edi
	mov	$2, %esi
	xor	%edx, %edx
	mov	$__NR_close_range, %eax
	syscall
	lea	RW_MAPPER_FILTER(%rip), %rdx
	mov	$SECCOMP_SET_MODE_FILTER, %edi
	xor	%esi, %esi
	mov	$__NR_seccomp, %eax
	syscall
	test	%eax, %eax
	jz	mapper
	jmp	die
stub_end:

	.section .note.GNU-stack, "", @progbits
