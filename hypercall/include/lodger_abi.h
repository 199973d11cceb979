/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0 */
/*
 * The Lodger ABI: what the launcher, the switcher and the guest kernel agree on.
 *
 * This header is the only source. The Java mirror (lodger.hypercall.Abi) and the copy inside the
 * kernel patches are checked against it by tests. Everything is little-endian x86-64; sizes and
 * addresses are bytes, times are nanoseconds, unless a comment says otherwise.
 *
 * Every shared word has one writer, named beside it. Words are grouped by writer on 64-byte lines.
 */
#ifndef LODGER_ABI_H
#define LODGER_ABI_H

/* Kernel and launcher refuse each other when this differs. Bump it on every incompatible change. */
#define LODGER_ABI_VERSION	3

/* The kernel's ELF note: name "Lodger", this type, descriptor = one 32-bit LODGER_ABI_VERSION. */
#define LODGER_NOTE_NAME	"Lodger"
#define LODGER_NOTE_ABI		1

/*
 * Guest address space. User programs own everything below LODGER_TASK_SIZE; the guest kernel owns
 * the window from there to LODGER_WINDOW_END; the switcher lives above it, the host's own mappings
 * above that. Fixed for every guest, so that one kernel image serves both kinds of isolation.
 */
#define LODGER_TASK_SIZE	0x700000000000
#define LODGER_MODULES_START	0x700000000000	/* within 2 GiB of the kernel's text */
#define LODGER_MODULES_END	0x70003fe00000
#define LODGER_RAM_BASE		0x700040000000	/* guest-physical 0; the kernel is linked here */
#define LODGER_RAM_MAX		0x10000000000	/* 1 TiB */
#define LODGER_RAM_MIN		0x2000000	/* 32 MiB */
#define LODGER_VMALLOC_START	0x720000000000
#define LODGER_VMALLOC_END	0x728000000000
#define LODGER_CONTROL		0x730000000000	/* the control region, see below */
#define LODGER_WINDOW_END	0x740000000000

/* The control region: one memfd that the launcher, the switcher and the guest kernel share. */
#define LODGER_CONTROL_SIZE	0x10000
#define LODGER_CONTROL_BOOT	0x0000		/* struct lodger_boot_info */
#define LODGER_CONTROL_VCPUS	0x1000		/* struct lodger_vcpu[LODGER_MAX_VCPUS] */
#define LODGER_CONTROL_CMDLINE	0x2000		/* NUL-terminated, at most LODGER_CMDLINE_MAX bytes */
#define LODGER_CONTROL_COUNTERS	0x3000		/* struct lodger_counters */
#define LODGER_CONTROL_DEVICES	0x8000		/* struct lodger_device[LODGER_MAX_DEVICES] */
#define LODGER_CMDLINE_MAX	4096
#define LODGER_MAX_VCPUS	16
#define LODGER_MAX_DEVICES	32
#define LODGER_MAX_QUEUES	8

/* Descriptors the launcher hands to the switcher, by number. */
#define LODGER_FD_RAM		3	/* memfd, sealed against resizing */
#define LODGER_FD_CONTROL	4	/* memfd, sealed against resizing */
#define LODGER_FD_CONSOLE	5	/* early console and panics, written by the switcher */
#define LODGER_FD_DOORBELL	16	/* + device index: one eventfd per device */

/* Exit status of the switcher's first process, which is the guest's. */
#define LODGER_EXIT_POWEROFF	0
#define LODGER_EXIT_USAGE	2	/* the host lacks something; one line on stderr says what */
#define LODGER_EXIT_PANIC	3
#define LODGER_EXIT_REBOOT	5
#define LODGER_EXIT_INTERNAL	70	/* a bug in the switcher; one line on stderr */

#ifndef __ASSEMBLER__

#include <linux/types.h>

#define LODGER_BOOT_MAGIC	0x524547444f4cULL	/* "LODGER" */

/* Written by the launcher before the start, but for the fields that name another writer. */
struct lodger_boot_info {
	__u64 magic;
	__u32 abi_version;
	__u32 vcpus;
	__u64 ram_size;		/* a multiple of 2 MiB */
	__u64 initrd_phys;	/* page-aligned guest-physical address; 0 = none */
	__u64 initrd_size;
	__u64 entry;		/* ELF entry point, a virtual address in the window */
	/* Written by the switcher before the guest's first instruction. */
	__u64 hwcap;		/* AT_HWCAP, AT_HWCAP2, AT_MINSIGSTKSZ of the host */
	__u64 hwcap2;
	__u64 min_sigstack;
	__u64 xfeatures;	/* xstate components a user program may have */
	__u32 xstate_size;	/* of one extended-state image in standard xsave format */
	__u32 isolation;	/* enum lodger_isolation that address spaces start with */
	/* Launcher: the kernel's code, page-aligned; guest-physical. */
	__u64 text_phys;
	__u64 text_size;
	/*
	 * Switcher: where user code may call int clock_gettime(clock, timespec *) of the host, which
	 * makes no system call for CLOCK_BOOTTIME; 0 = nowhere.
	 */
	__u64 host_clock;
};

enum lodger_isolation {
	LODGER_ISOLATION_PROCESS = 1,
	LODGER_ISOLATION_KEY = 2,
};

/* Why an address space went on in isolation by process. */
enum lodger_demotion {
	LODGER_DEMOTED_KEY_CODE,	/* executes code that may change keys */
	LODGER_DEMOTED_WRITABLE,	/* executes memory that it may write */
	LODGER_DEMOTED_SHARED,		/* executes memory that others may change */
	LODGER_DEMOTED_PLACE,		/* uses addresses that the switcher needs there */
	LODGER_NR_DEMOTIONS
};

/* For whoever watches. Writer: the switcher; each word is read and written as a whole. */
struct lodger_counters {
	__u64 spaces[3];		/* now, by enum lodger_isolation */
	__u64 demoted[LODGER_NR_DEMOTIONS]; /* since the start, by enum lodger_demotion */
	__u64 call_sites;		/* since the start: system calls in code that became jumps */
	__u64 host_calls[3];		/* since the start, for user mappings: mmap, munmap, mprotect */
};

/* What a vCPU is doing. Written by the switcher on that vCPU's behalf. */
enum lodger_vcpu_state {
	LODGER_VCPU_KERNEL = 0,		/* runs guest kernel code: interrupt it by signal */
	LODGER_VCPU_USER = 1,		/* runs guest user code: interrupt it by signal */
	LODGER_VCPU_IDLE = 2,		/* sleeps on wake_seq: wake it by futex */
};

/*
 * One vCPU, 256 bytes. To interrupt it, the launcher
 *   1. sets a bit in pending with a sequentially consistent or; if it was set, stops here;
 *   2. increments wake_seq (sequentially consistent);
 *   3. reads state: IDLE -> futex wake (shared, all) on wake_seq, else -> SIGUSR1 to the guest's
 *      first process.
 */
struct lodger_vcpu {
	/* Bits are set by launcher and switcher, taken (exchanged with 0) by the guest kernel. */
	__u64 pending;
	__u64 pad0[7];
	/* Launcher and switcher. */
	__u32 wake_seq;
	__u32 pad1[15];
	/* Guest kernel: 1 = interrupts may be delivered. As in lguest, masking is this one store. */
	__u32 irq_enabled;
	/* Switcher. */
	__u32 state;
	__u64 pad2[7];
	__u64 pad3[8];
};

/* Interrupt numbers are bits of lodger_vcpu.pending. */
#define LODGER_IRQ_TIMER	0
#define LODGER_IRQ_POWER	1	/* the owner pressed the power button */
#define LODGER_IRQ_SLOTS	2	/* a device slot was filled, or is wanted back */
#define LODGER_IRQ_DEVICE	8	/* + device index */
#define LODGER_NR_IRQS		64

/*
 * Virtio devices, after lguest's device page: virtio 1.x split rings, event-idx, no PCI, no MMIO.
 * A slot whose device_id is 0 is empty.
 *
 * Control operations (status writes, reset, queue enable) are a handshake: the driver writes its
 * words, increments control_seq and rings the device's doorbell. When control_ack equals control_seq
 * the launcher has acted: status_result holds the status it accepted, and after a reset (status 0) it
 * touches no ring of that device any more. A driver must wait for that (wait_word hypercall) before it
 * frees a ring; otherwise it may go on.
 *
 * A running guest gains a device when the launcher fills an empty slot, device_id last, and raises
 * LODGER_IRQ_SLOTS. To take one away the launcher sets remove and raises the same. The guest ends its
 * use of the device, sets removed, rings, and touches the slot no more; the launcher then clears
 * device_id first, and the rest. A guest that never answers keeps the device.
 */
struct lodger_queue {
	__u32 size_max;		/* launcher: a power of two; 0 = no such queue */
	__u32 size;		/* driver: a power of two, at most size_max */
	__u64 desc;		/* driver: guest-physical addresses of the three rings */
	__u64 avail;
	__u64 used;
	__u32 ready;		/* driver: 1 = the fields above are valid */
	__u32 pad[7];
};

struct lodger_device {
	/* Launcher. */
	__u32 device_id;	/* virtio 1.2 section 5 */
	__u32 nr_queues;
	__u64 device_features;
	__u32 config_len;	/* bytes of config[] that mean something */
	__u32 config_generation;/* incremented before and after each change of config[]: odd = changing */
	__u32 control_ack;
	__u32 status_result;	/* VIRTIO_CONFIG_S_NEEDS_RESET is set when the device gave up */
	__u32 isr;		/* bit 0 queues, bit 1 config; or-ed by the launcher, taken by the driver */
	__u32 remove;		/* 1 = the launcher wants the slot back */
	__u32 pad0[6];
	/* Driver. */
	__u64 driver_features;
	__u32 status;
	__u32 control_seq;
	__u32 doorbell;		/* bit per queue; or-ed by the driver, taken by the launcher */
	__u32 removed;		/* 1 = the driver is gone for good */
	__u32 pad1[10];
	struct lodger_queue queue[LODGER_MAX_QUEUES];
	__u8 config[256];	/* launcher; fields the spec makes writable: driver */
	__u8 pad2[128];
};

/* A user program's registers, in the order of the host's struct user_regs_struct. */
enum lodger_reg {
	LODGER_R15, LODGER_R14, LODGER_R13, LODGER_R12, LODGER_RBP, LODGER_RBX, LODGER_R11,
	LODGER_R10, LODGER_R9, LODGER_R8, LODGER_RAX, LODGER_RCX, LODGER_RDX, LODGER_RSI,
	LODGER_RDI, LODGER_ORIG_RAX, LODGER_RIP, LODGER_CS, LODGER_RFLAGS, LODGER_RSP, LODGER_SS,
	LODGER_FS_BASE, LODGER_GS_BASE, LODGER_DS, LODGER_ES, LODGER_FS, LODGER_GS,
	LODGER_NR_REGS
};

struct lodger_regs {
	__u64 r[LODGER_NR_REGS];
};

enum lodger_trap_reason {
	LODGER_TRAP_SYSCALL = 1,	/* rax = number; rip is behind the instruction; see regs_sync */
	LODGER_TRAP_FAULT = 2,		/* page fault: address, error_code; trapno 14 */
	LODGER_TRAP_SIGNAL = 3,		/* another fault: signo and code as the host reported them */
	LODGER_TRAP_INTERRUPT = 4,	/* stopped for a pending interrupt; registers are complete */
	LODGER_TRAP_GONE = 5,		/* the host process is gone: kill the guest process */
};

struct lodger_trap {
	__u32 reason;		/* enum lodger_trap_reason */
	__u32 signo;
	__u32 code;		/* si_code */
	__u32 trapno;		/* x86 vector */
	__u64 error_code;	/* x86 page-fault error code */
	__u64 address;		/* fault address (cr2), or si_addr */
};

/* Changes to the translation of one user address space. Units are bytes, multiples of 4096. */
enum lodger_map_op_kind {
	LODGER_OP_MAP = 1,	/* [addr, addr+len) -> guest-physical [phys, phys+len) with prot */
	LODGER_OP_UNMAP = 2,
	LODGER_OP_UNMAP_ALL = 3,
	LODGER_OP_PROTECT = 4,	/* what is mapped in [addr, addr+len) gets prot, without EXEC */
};

#define LODGER_UNUSED_SIZE	0x2000

#define LODGER_PROT_READ	1
#define LODGER_PROT_WRITE	2
#define LODGER_PROT_EXEC	4
#define LODGER_PROT_SHARED	8	/* with EXEC: others may change the page, now or later */

struct lodger_map_op {
	__u64 addr;
	__u64 len;
	__u64 phys;
	__u32 prot;
	__u32 kind;
};

/*
 * Hypercalls: plain C calls through this table, System V calling convention. The table is memory
 * of the switcher that the guest only reads. A call runs on the caller's stack and needs at most
 * 4 KiB of it. Errors are negative errno values.
 */
struct lodger_handlers;
struct lodger_hypercalls {
	__u32 abi_version;
	__u32 size;		/* of this struct */

	/* Early console and panics. Never blocks for long, never fails. */
	void (*console_write)(const char *text, __u64 len);

	/* Where interrupts and kernel faults enter. To be called first. */
	void (*set_handlers)(const struct lodger_handlers *handlers);

	/* Kernel addresses in [MODULES_START, MODULES_END) and [VMALLOC_START, VMALLOC_END). */
	long (*kernel_map)(__u64 addr, __u64 phys, __u64 len, __u32 prot);
	long (*kernel_unmap)(__u64 addr, __u64 len);

	/*
	 * User address spaces. A handle is a small positive integer. At [unused, unused +
	 * LODGER_UNUSED_SIZE) the program has nothing, unless it asks for that very place; it is close
	 * to where its libraries are. space_update queues changes;
	 * they are in force before the space runs its next user instruction. Mappings are only
	 * TLB entries: the switcher may drop any of them at any time, and the kernel must map a
	 * page again when it faults, whatever its page table says.
	 */
	long (*space_create)(__u64 unused);
	void (*space_destroy)(__u32 space);
	long (*space_update)(__u32 space, const struct lodger_map_op *ops, __u32 count);

	/*
	 * Runs user code in a space with the given registers until it traps; returns 0 and fills
	 * regs and trap. Call it with interrupts disabled; pending interrupts end it with
	 * LODGER_TRAP_INTERRUPT. xstate is the thread's extended state (boot_info.xstate_size bytes,
	 * 64-byte aligned). While the thread is not synced, the live copy may be elsewhere.
	 */
	void (*run_user)(__u32 space, struct lodger_regs *regs, void *xstate,
			 struct lodger_trap *trap);

	/* Writes the live extended state back to xstate, which stays the live copy's home. */
	void (*xstate_sync)(void *xstate);
	/*
	 * Forgets the live copy, and what regs_sync would fetch. To be called before the caller
	 * changes xstate or frees it or regs.
	 */
	void (*xstate_drop)(void *xstate);

	/*
	 * After LODGER_TRAP_SYSCALL, regs may hold no more than rax, rip and the six arguments: the
	 * rest waits in the host process, and run_user brings it into force again. This fetches it
	 * into the regs that run_user was given, as xstate_sync does, too; rax, orig_rax and rip stay
	 * as they are. To be called before the kernel looks at other registers or changes any but
	 * rax and rip. The calls that are about registers come with all: fork, vfork, clone, clone3,
	 * execve, execveat, exit, exit_group, rt_sigreturn, sigaltstack, arch_prctl.
	 */
	void (*regs_sync)(void *xstate);

	/* Wakes the launcher's thread of that device. */
	void (*notify)(__u32 device);

	/* Sleeps until an interrupt is pending, whether or not interrupts are enabled. */
	void (*idle)(void);

	/* One-shot timer: raises LODGER_IRQ_TIMER after delta ns; 0 disarms it. */
	void (*timer_set)(__u64 delta);

	/* CLOCK_MONOTONIC and CLOCK_REALTIME of the host. */
	__u64 (*clock_monotonic)(void);
	__u64 (*clock_realtime)(void);

	/*
	 * Memory that may hold code has other contents than when it was last mapped with EXEC. Where
	 * the switcher executes copies, it looks at a page once and then only after this call.
	 */
	void (*code_changed)(__u64 phys, __u64 len);

	/* Bytes from the host's getrandom. */
	long (*random)(void *buf, __u64 len);

	/* Sleeps while *word (in the control region) equals old, at most timeout ns. */
	void (*wait_word)(const __u32 *word, __u32 old, __u64 timeout);

	/* Ends the guest with a LODGER_EXIT_* status. Does not return. */
	void (*shutdown)(__u32 status);
};

/*
 * Entry points of the guest kernel. Both run on a stack of the switcher's (64 KiB, one per vCPU)
 * and may nest. regs are the interrupted kernel registers.
 */
struct lodger_handlers {
	/* Called only while irq_enabled is 1 and pending is not 0. Returns with irq_enabled 1. */
	void (*interrupt)(struct lodger_regs *regs);
	/* A fault in kernel code. Changes to regs take effect when it returns. */
	void (*fault)(struct lodger_regs *regs, const struct lodger_trap *trap);
};

/*
 * The kernel's entry point: void entry(boot_info *, hypercalls *), on the first kernel stack's
 * behalf of the switcher (64 KiB), interrupts disabled, direction flag clear.
 */

#endif /* __ASSEMBLER__ */
#endif /* LODGER_ABI_H */
