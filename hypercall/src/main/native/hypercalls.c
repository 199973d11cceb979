/* SPDX-License-Identifier: Apache-2.0 */
/* The table that the guest kernel calls; see lodger_abi.h for what each entry promises. */
#include "hypercalls.h"
#include "key.h"
#include "shadow.h"
#include "space.h"
#include "timer.h"
#include "vcpu.h"
#include "vdso.h"

static void call_console_write(const char *text, __u64 len)
{
	while (len) {
		long n = sys3(__NR_write, LODGER_FD_CONSOLE, text, len);

		if (n <= 0 && n != -EINTR)
			return;
		if (n > 0)
			text += n, len -= n;
	}
}

static int kernel_range(__u64 addr, __u64 len)
{
	__u64 end = addr + len;

	return !((addr | len) & 0xfff) && end > addr &&
	       ((addr >= LODGER_MODULES_START && end <= LODGER_MODULES_END) ||
		(addr >= LODGER_VMALLOC_START && end <= LODGER_VMALLOC_END));
}

static long call_kernel_map(__u64 addr, __u64 phys, __u64 len, __u32 prot)
{
	if (!kernel_range(addr, len) || phys > ram_size || len > ram_size - phys || prot > 7)
		return -EINVAL;
	return key_kernel_map(addr, phys, len, prot);
}

static long call_kernel_unmap(__u64 addr, __u64 len)
{
	if (!kernel_range(addr, len))
		return -EINVAL;
	key_kernel_unmap(addr, len);
	return 0;
}

static long call_space_create(__u64 unused)
{
	__u32 enabled = vcpu_mask();
	long r = unused & 0xfff || unused > LODGER_TASK_SIZE - LODGER_UNUSED_SIZE ?
			 -EINVAL : space_create(unused);

	vcpu_unmask(enabled);
	return r;
}

static void call_space_destroy(__u32 space)
{
	__u32 enabled = vcpu_mask();

	space_destroy(space);
	vcpu_unmask(enabled);
}

static long call_space_update(__u32 space, const struct lodger_map_op *ops, __u32 count)
{
	__u32 enabled = vcpu_mask();
	long r = space_update(space, ops, count);

	vcpu_unmask(enabled);
	return r;
}

static void call_xstate_sync(void *xstate)
{
	__u32 enabled = vcpu_mask();

	xstate_sync(xstate);
	vcpu_unmask(enabled);
}

static void call_regs_sync(void *xstate)
{
	__u32 enabled = vcpu_mask();

	regs_sync(xstate);
	vcpu_unmask(enabled);
}

static void call_xstate_drop(void *xstate)
{
	__u32 enabled = vcpu_mask();

	xstate_drop(xstate);
	vcpu_unmask(enabled);
}

static void call_notify(__u32 device)
{
	__u64 one = 1;

	if (device < LODGER_MAX_DEVICES)
		sys3(__NR_write, LODGER_FD_DOORBELL + device, &one, sizeof(one));
}

static __u64 call_clock_monotonic(void)
{
	return clock_read(GUEST_CLOCK);
}

static __u64 call_clock_realtime(void)
{
	return clock_read(CLOCK_REALTIME);
}

static void call_code_changed(__u64 phys, __u64 len)
{
	if (!((phys | len) & 0xfff) && phys <= ram_size && len <= ram_size - phys)
		shadow_changed(phys, len);
}

static long call_random(void *buf, __u64 len)
{
	return sys3(__NR_getrandom, buf, len, 0);
}

static void call_wait_word(const __u32 *word, __u32 old, __u64 timeout)
{
	struct __kernel_timespec t = {
		.tv_sec = timeout / 1000000000, .tv_nsec = timeout % 1000000000,
	};

	futex_wait(word, old, &t);
}

static void call_shutdown(__u32 status)
{
	key_shutdown(status);
}

const struct lodger_hypercalls hypercalls = {
	.abi_version = LODGER_ABI_VERSION,
	.size = sizeof(struct lodger_hypercalls),
	.console_write = call_console_write,
	.set_handlers = vcpu_set_handlers,
	.kernel_map = call_kernel_map,
	.kernel_unmap = call_kernel_unmap,
	.space_create = call_space_create,
	.space_destroy = call_space_destroy,
	.space_update = call_space_update,
	.run_user = vcpu_run_user,
	.xstate_sync = call_xstate_sync,
	.xstate_drop = call_xstate_drop,
	.regs_sync = call_regs_sync,
	.notify = call_notify,
	.idle = vcpu_idle,
	.timer_set = timer_set,
	.clock_monotonic = call_clock_monotonic,
	.clock_realtime = call_clock_realtime,
	.code_changed = call_code_changed,
	.random = call_random,
	.wait_word = call_wait_word,
	.shutdown = call_shutdown,
};
