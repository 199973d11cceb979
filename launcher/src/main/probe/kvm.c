/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev/kvm may be there and yet run nothing: in a virtual machine without nested virtualization
 * some hosts interpret a guest's 64-bit kernel one instruction at a time, and it never gets through
 * its boot. So a loop is really run, and timed.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#define MEMORY 0x200000
#define PML4 0x1000
#define PDPT 0x2000
#define PD 0x3000
#define CODE 0x4000

/* A processor takes some 0.1 ms for the loop, an interpreter some hundreds. */
#define ROUNDS 200000
#define LIMIT_NS 20000000

#define ANSWER 0x123456789abcdef0

/* mov $ROUNDS, %ecx; 1: dec %ecx; jnz 1b; mov $ANSWER, %rax; hlt */
static const uint8_t code[] = {
	0xb9, ROUNDS & 255, ROUNDS >> 8 & 255, ROUNDS >> 16, 0, 0xff, 0xc9, 0x75, 0xfc,
	0x48, 0xb8, 0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12, 0xf4,
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void put(char *memory, unsigned at, uint64_t value)
{
	memcpy(memory + at, &value, sizeof value);
}

static void long_mode(struct kvm_sregs *s)
{
	struct kvm_segment flat = {.limit = ~0U, .selector = 16, .type = 3, .present = 1, .s = 1,
				   .db = 1, .g = 1};

	s->ds = s->es = s->fs = s->gs = s->ss = flat;
	s->cs = flat;
	s->cs.selector = 8;
	s->cs.type = 11;
	s->cs.db = 0;
	s->cs.l = 1;
	s->cr3 = PML4;
	s->cr4 = 1 << 5;		   /* PAE */
	s->cr0 = 1U << 31 | 1 << 4 | 1;	   /* PG, ET, PE */
	s->efer = 1 << 10 | 1 << 8;	   /* LMA, LME */
}

const char *try_kvm(void)
{
	struct kvm_userspace_memory_region region = {.memory_size = MEMORY};
	struct kvm_regs regs = {.rip = CODE, .rflags = 2, .rsp = MEMORY};
	struct kvm_sregs sregs;
	struct kvm_run *run;
	int kvm, vm, cpu;
	int64_t start;
	char *memory;

	kvm = open("/dev/kvm", O_RDWR);
	if (kvm < 0)
		return errno == ENOENT ? "there is no /dev/kvm" : "/dev/kvm may not be opened";
	if (ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return "is there, but speaks another version";
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		return "is there, but makes no machine";
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	region.userspace_addr = (uintptr_t)memory;
	cpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	if (memory == MAP_FAILED || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) || cpu < 0)
		return "is there, but makes no CPU";
	run = mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE,
		   MAP_SHARED, cpu, 0);

	put(memory, PML4, PDPT | 3);
	put(memory, PDPT, PD | 3);
	put(memory, PD, 0 | 0x83); /* the first 2 MiB as one page */
	memcpy(memory + CODE, code, sizeof code);
	if (run == MAP_FAILED || ioctl(cpu, KVM_GET_SREGS, &sregs))
		return "is there, but makes no CPU";
	long_mode(&sregs);
	if (ioctl(cpu, KVM_SET_SREGS, &sregs) || ioctl(cpu, KVM_SET_REGS, &regs))
		return "is there, but has no 64-bit mode";
	start = now();
	if (ioctl(cpu, KVM_RUN, 0) || run->exit_reason != KVM_EXIT_HLT ||
	    ioctl(cpu, KVM_GET_REGS, &regs) || regs.rax != ANSWER)
		return "is there, but does not run 64-bit code";
	if (now() - start > LIMIT_NS)
		return "is there, but only interprets 64-bit kernels, far too slowly to boot one";
	return "yes";
}
