/* SPDX-License-Identifier: Apache-2.0 */
/* fp_hold of fpstate.h, in assembly so that nothing else touches the registers. */

#define MASK	2048		/* offsets in struct fp_state */
#define MXCSR	2112
#define FCW	2116
#define X87	2120

#define LEVEL	%ebp
#define IN	%rbx
#define OUT	%r12
#define ROUNDS	%r13
#define NR	%r14

	.macro load insn, reg, n
	\insn	\n*64(IN), %\reg\n
	.endm
	.macro store insn, reg, n
	\insn	%\reg\n, \n*64(OUT)
	.endm
	.macro low16 direction, insn, reg
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	\direction \insn, \reg, \n
	.endr
	.endm
	.macro high16 direction, insn, reg
	.irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\direction \insn, \reg, \n
	.endr
	.endm

	.text
	.globl	fp_hold
	.type	fp_hold, @function
/* fp_hold(level, in, out, rounds, nr, a, b); b is on the stack. */
fp_hold:
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rbp
	mov	%edi, LEVEL
	mov	%rsi, IN
	mov	%rdx, OUT
	mov	%rcx, ROUNDS
	mov	%r8, NR
	mov	%r9, %r15

	fninit
	fldcw	FCW(IN)
	.irp n, 7, 6, 5, 4, 3, 2, 1, 0
	fildll	X87+\n*8(IN)
	.endr
	ldmxcsr	MXCSR(IN)
	cmp	$1, LEVEL
	jb	1f
	je	2f
	low16	load, vmovdqu64, zmm
	high16	load, vmovdqu64, zmm
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7
	kmovq	MASK+\n*8(IN), %k\n
	.endr
	jmp	3f
1:	low16	load, movdqu, xmm
	jmp	3f
2:	low16	load, vmovdqu, ymm

3:	test	NR, NR
	js	4f
	mov	NR, %rax
	mov	%r15, %rdi
	mov	56(%rsp), %rsi
	syscall
4:	pause
	dec	ROUNDS
	jnz	3b

	cmp	$1, LEVEL
	jb	1f
	je	2f
	low16	store, vmovdqu64, zmm
	high16	store, vmovdqu64, zmm
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7
	kmovq	%k\n, MASK+\n*8(OUT)
	.endr
	jmp	3f
1:	low16	store, movdqu, xmm
	jmp	3f
2:	low16	store, vmovdqu, ymm

3:	stmxcsr	MXCSR(OUT)
	fnstcw	FCW(OUT)
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7
	fistpll	X87+\n*8(OUT)
	.endr
	fninit
	movl	$0x1f80, -4(%rsp)
	ldmxcsr	-4(%rsp)
	cmp	$1, LEVEL
	jb	1f
	vzeroupper
1:	pop	%rbp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	ret
	.section .note.GNU-stack, "", @progbits
