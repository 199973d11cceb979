/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate of key isolation: between guest programs and the guest kernel in one host process.
 *
 * Kernel memory is behind a protection key that user code has closed. User code may jump to any
 * instruction here, with any registers. What keeps it out:
 *
 * - in_user, a word behind the key, is the number of this process exactly while its user code may
 *   run. Each instruction that can open the key (wrpkru, xrstor) is followed by a check before
 *   anything else is done: an honest one finds another number there, or the signal's frame proves
 *   the host's own delivery.
 * - The frame of a trap lies at one address, and its uc_flags are not 0. key_enter writes 0 there
 *   after setting in_user, so only the host can have written it since.
 * - Every register is loaded from memory behind the key, or from the read-only page.
 * - The host looks at the selector before each system call; user code can not write it. With it
 *   blocking, every system call, rt_sigreturn included, is a trap.
 */
#include <asm/unistd_64.h>
#include "calls.h"
#include "key.h"

#define PKRU_CLOSED	0x55555554	/* the host starts signal handlers with this, too */
#define FRAME_UC_FLAGS	8
#define CLEAN_FLAGS	0x2

	.text
	.globl key_enter, key_hop, key_start, key_trap, key_xsave, key_xrstor, key_xrstor_user
	.globl key_call, key_call_saved, key_call_flags, key_call_end
	.globl key_open_first, key_probed, key_xrstor_fault, key_xrstor_failed, key_exit_start, key_exit_end

	.macro push_callee
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	.endm
	.macro pop_callee
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	.endm

	.macro open_key
	xor	%eax, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	wrpkru
	.endm

	/* After an instruction that user code may have jumped to in order to open the key. */
	.macro check_honest
	mov	me(%rip), %eax
	cmp	%eax, in_user(%rip)
	je	forged
	.endm

/*
 * int key_enter(const struct lodger_regs *regs, __u8 *selector, __u64 *frame_flags,
 *		 const __u64 *pending, int as_sysret): runs user code of this process until a
 * trap that key_record() takes down; returns its signal, or SLOT_BROKEN; or until it comes to
 * key_call, then KEY_CALLED. as_sysret: rcx is rip and r11 is rflags, as behind a system call.
 */
key_enter:
	push_callee
	mov	%rsp, kernel_sp(%rip)
	mov	me(%rip), %eax
	mov	%eax, in_user(%rip)
key_exit_start:
	/* A base that the processor refuses is the program's fault, not the kernel's. */
	mov	8*REG_FS_BASE(%rdi), %rax
	wrfsbase %rax
	mov	8*REG_GS_BASE(%rdi), %rax
	wrgsbase %rax
	movq	$0, (%rdx)
	cmpq	$0, (%rcx)
	jne	1f
	movb	$1, (%rsi)
	test	%r8d, %r8d
	mov	8*REG_R15(%rdi), %r15
	mov	8*REG_R14(%rdi), %r14
	mov	8*REG_R13(%rdi), %r13
	mov	8*REG_R12(%rdi), %r12
	mov	8*REG_R11(%rdi), %r11
	mov	8*REG_R10(%rdi), %r10
	mov	8*REG_R9(%rdi), %r9
	mov	8*REG_R8(%rdi), %r8
	mov	8*REG_RBP(%rdi), %rbp
	mov	8*REG_RBX(%rdi), %rbx
	mov	8*REG_RSI(%rdi), %rsi
	jnz	2f
	mov	8*REG_RDI(%rdi), %rdi
	lea	RO_EXIT(%rip), %rsp
	mov	$PKRU_CLOSED, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	wrpkru
	cmp	$PKRU_CLOSED, %eax
	jne	forged
	pop	%rax
	pop	%rcx
	pop	%rdx
	iretq
	/* The same without iretq, which costs more than all the rest; no flag changes behind popfq. */
2:	pushq	8*REG_RFLAGS(%rdi)
	popfq
	mov	8*REG_RDI(%rdi), %rdi
	lea	RO_EXIT(%rip), %rsp
	mov	$PKRU_CLOSED, %eax
	mov	$0, %ecx
	mov	$0, %edx
	wrpkru
	lea	-PKRU_CLOSED(%rax), %ecx
	jrcxz	3f
	jmp	forged
3:	pop	%rax
	pop	%rcx
	pop	%rdx
	mov	24(%rsp), %rsp
	jmp	*%rcx
	/* An interrupt came first. */
1:	movl	$0, in_user(%rip)
	mov	$KICK_SIGNAL, %eax
	pop_callee
	ret
key_exit_end:

/* Every signal of a process with a key: rdi = signal, rsp = frame, which the key protects. */
key_trap:
	open_key
	test	%eax, %eax
	jnz	forged
	mov	me(%rip), %eax
	cmp	%eax, in_user(%rip)
	jne	in_kernel
	cmp	RO_FRAME(%rip), %rsp
	jne	nested
trap:	cmpq	$0, FRAME_UC_FLAGS(%rsp)
	je	forged
	mov	own_selector(%rip), %rax
	movb	$0, (%rax)
	movl	$0, in_user(%rip)
	pushq	$CLEAN_FLAGS		/* alignment check and nested task are the program's */
	popfq
	mov	%edi, %ebx
	mov	%rsp, %rsi
	sub	$8, %rsp
	call	key_record
	/* The live extended state is in the registers while the kernel runs: it uses none of it. */
	mov	RO_FPSTATE(%rip), %rcx
	mov	RO_XMASK(%rip), %eax
	mov	4 + RO_XMASK(%rip), %edx
	xrstor64 (%rcx)
	check_honest
	mov	%ebx, %eax
	mov	kernel_sp(%rip), %rsp
	pop_callee
	ret

/* The kernel was interrupted: an ordinary handler, which returns by rt_sigreturn. */
in_kernel:
	pushq	$CLEAN_FLAGS
	popfq
	lea	FRAME_SIGINFO(%rsp), %rsi
	lea	8(%rsp), %rdx
	jmp	key_signal

/*
 * More signals came before the first trap was taken down, so their frames lie right below its own:
 * forget them, the kernel looks at everything that may be pending. A frame elsewhere means that
 * user code has pointed rsp at this stack.
 */
nested:
	lea	RO_NESTED(%rip), %rcx
	mov	$NESTED_FRAMES, %edx
1:	cmp	(%rcx), %rsp
	je	2f
	add	$8, %rcx
	dec	%edx
	jnz	1b
	jmp	forged
2:	mov	RO_FRAME(%rip), %rsp
	movl	$1, alarm_missed(%rip)
	mov	FRAME_SIGINFO(%rsp), %edi
	jmp	trap

/* User code came here by itself. */
forged:
	open_key
	mov	me(%rip), %eax
	cmp	%eax, in_user(%rip)
	jne	2f
	mov	kernel_sp(%rip), %rsp
	pushq	$CLEAN_FLAGS
	popfq
	mov	own_selector(%rip), %rax
	movb	$0, (%rax)
	movl	$0, in_user(%rip)
	mov	$SLOT_BROKEN, %eax
	pop_callee
	ret
2:	ud2

/*
 * A rewritten system call comes here (calls.h), with its number in r11, or any user code with any
 * registers: then what follows is the system call that these registers make. Flags are the
 * program's until they are stored. A signal before in_user is 0 finds the program at its syscall
 * instruction, see calls_rewind(); so r11 is not changed, nor what calls.h does not save.
 */
key_call:
	mov	%rax, SAVED_RAX(%rip)
	mov	%rdx, SAVED_RDX(%rip)
	mov	%rsp, SAVED_RSP(%rip)
key_call_saved:
	mov	$0, %eax
	mov	$0, %ecx
	mov	$0, %edx
	wrpkru
	mov	%eax, %ecx
	jrcxz	1f
	jmp	forged
1:	mov	kernel_sp(%rip), %rsp
	pushfq				/* stays there, for calls_rewind() */
key_call_flags:
	pushq	$CLEAN_FLAGS
	popfq
	mov	user_regs(%rip), %rax
	mov	%r15, 8*REG_R15(%rax)
	mov	%r14, 8*REG_R14(%rax)
	mov	%r13, 8*REG_R13(%rax)
	mov	%r12, 8*REG_R12(%rax)
	mov	%r10, 8*REG_R10(%rax)
	mov	%r9, 8*REG_R9(%rax)
	mov	%r8, 8*REG_R8(%rax)
	mov	%rbp, 8*REG_RBP(%rax)
	mov	%rbx, 8*REG_RBX(%rax)
	mov	%rsi, 8*REG_RSI(%rax)
	mov	%rdi, 8*REG_RDI(%rax)
	rdfsbase %rdx
	mov	%rdx, 8*REG_FS_BASE(%rax)
	rdgsbase %rdx
	mov	%rdx, 8*REG_GS_BASE(%rax)
	mov	SAVED_RAX(%rip), %rdx
	mov	%rdx, 8*REG_RAX(%rax)
	mov	SAVED_RDX(%rip), %rdx
	mov	%rdx, 8*REG_RDX(%rax)
	mov	SAVED_RSP(%rip), %rdx
	mov	%rdx, 8*REG_RSP(%rax)
	pop	%rdx
	mov	%rdx, 8*REG_RFLAGS(%rax)
	mov	%r11d, %ecx
	cmp	$MAX_CALLS, %ecx
	jae	forged
	mov	%rdx, 8*REG_R11(%rax)
	mov	own_sites(%rip), %rdx
	test	%rdx, %rdx
	jz	forged			/* rewriting is off */
	mov	(%rdx,%rcx,8), %rdx
	add	$7, %rdx
	mov	%rdx, 8*REG_RIP(%rax)
	mov	%rdx, 8*REG_RCX(%rax)
	mov	user_trap_out(%rip), %rax
	movl	$TRAP_SYSCALL, (%rax)
	mov	own_selector(%rip), %rax
	movb	$0, (%rax)
	movl	$0, in_user(%rip)
key_call_end:
	mov	$KEY_CALLED, %eax
	pop_callee
	ret

/*
 * int key_hop(__u32 to): the kernel goes on in that process, and this one waits until the kernel
 * comes back to it. What returns there is whatever call was left last; 0, or SLOT_BROKEN when the
 * process that should have gone on was killed.
 */
key_hop:
	push_callee
	mov	%rsp, kernel_sp(%rip)
	lea	park_stack_top(%rip), %rsp
	call	key_leave
/* void key_start(void): a new process waits for its first turn. */
key_start:
	lea	park_stack_top(%rip), %rsp
	call	key_wait
	mov	kernel_sp(%rip), %rsp
	pop_callee
	ret

/*
 * void key_open_first(void): in a new process, before any user code. Processes that run user code
 * have a number.
 */
key_open_first:
	open_key
	cmpl	$0, me(%rip)
	jne	forged
	ret

/* A signal handler: the host has put its frame on a stack behind the closed key, and it opens it. */
key_probed:
	open_key
	cmpl	$0, me(%rip)
	jne	forged
	pop	%rax		/* the frame is there */
	xor	%edi, %edi
	mov	$__NR_exit_group, %eax
	syscall

/* void key_xsave(void *image, __u64 mask) */
key_xsave:
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
	xsave64	(%rdi)
	ret

/* void key_xrstor(const void *image, __u64 mask) */
key_xrstor:
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
	xrstor64 (%rdi)
	check_honest
	ret

/* int key_xrstor_user(const void *image, __u64 mask): from user memory; 1 = it faulted. */
key_xrstor_user:
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
key_xrstor_fault:
	xrstor	(%rdi)
	check_honest
	xor	%eax, %eax
	ret
key_xrstor_failed:
	mov	$1, %eax
	ret

	.section .note.GNU-stack, "", @progbits
