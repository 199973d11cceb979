/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that load all general registers, do something, and store what has become of them. */
#ifndef HOLD_H
#define HOLD_H
#include "check.h"

enum { RBX, RBP, R12, R13, R14, R15, RDI, RSI, RDX, R10, R8, R9, RAX, RCX, R11, FLAGS, WORDS };

struct frame {
	uint64_t in[WORDS], out[WORDS];
};

/* Loads all registers, does the middle, stores them all. One address register: rsp. */
#define HOLD(name, middle)							\
	void name(struct frame *f);						\
	asm(".text\n" #name ":\n"						\
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"\
	"	sub $256, %rsp\n"						\
	"	mov %rdi, 248(%rsp)\n"						\
	"	mov 120(%rdi), %rax; push %rax; popf\n"				\
	"	mov 0(%rdi), %rbx; mov 8(%rdi), %rbp; mov 16(%rdi), %r12\n"	\
	"	mov 24(%rdi), %r13; mov 32(%rdi), %r14; mov 40(%rdi), %r15\n"	\
	"	mov 56(%rdi), %rsi; mov 64(%rdi), %rdx; mov 72(%rdi), %r10\n"	\
	"	mov 80(%rdi), %r8; mov 88(%rdi), %r9; mov 96(%rdi), %rax\n"	\
	"	mov 104(%rdi), %rcx; mov 112(%rdi), %r11\n"			\
	"	mov 48(%rdi), %rdi\n"						\
	middle									\
	"	pushf; mov %rdi, -64(%rsp)\n"					\
	"	mov 256(%rsp), %rdi\n"						\
	"	mov %rbx, 128(%rdi); mov %rbp, 136(%rdi); mov %r12, 144(%rdi)\n"\
	"	mov %r13, 152(%rdi); mov %r14, 160(%rdi); mov %r15, 168(%rdi)\n"\
	"	mov %rsi, 184(%rdi); mov %rdx, 192(%rdi); mov %r10, 200(%rdi)\n"\
	"	mov %r8, 208(%rdi); mov %r9, 216(%rdi); mov %rax, 224(%rdi)\n"	\
	"	mov %rcx, 232(%rdi); mov %r11, 240(%rdi)\n"			\
	"	mov -64(%rsp), %rax; mov %rax, 176(%rdi)\n"			\
	"	pop %rax; mov %rax, 248(%rdi)\n"				\
	"	cld; push $0x202; popf\n"					\
	"	add $256, %rsp\n"						\
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"	\
	"	ret\n")

static inline void same(struct frame *f, int from, int to, const char *what)
{
	static const char *names[] = { "rbx", "rbp", "r12", "r13", "r14", "r15", "rdi", "rsi", "rdx",
				       "r10", "r8", "r9", "rax", "rcx", "r11" };

	for (int i = from; i <= to; i++)
		CHECK(f->in[i] == f->out[i], "%s: %s was %#lx, is %#lx", what, names[i], f->in[i],
		      f->out[i]);
}

#endif
