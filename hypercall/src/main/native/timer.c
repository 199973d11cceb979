/* SPDX-License-Identifier: Apache-2.0 */
#include "key.h"
#include "timer.h"
#include "vcpu.h"
#include "vdso.h"

#define NSEC_PER_SEC 1000000000ULL

__s32 timer_id;
static __u64 deadline SHARED;	/* when the guest wants its timer, GUEST_CLOCK; 0 = never */
static __u64 armed SHARED;	/* when the host's timer goes off; 0 = it does not */
static __u32 armed_by SHARED;	/* whose timer that is */

void timer_make(void)
{
	struct { union { int i; void *p; } value; int signo, notify; int pad[12]; } event = {
		.signo = SIGALRM,
	};
	long r = sys3(__NR_timer_create, GUEST_CLOCK, &event, &timer_id);

	if (r < 0)
		die(LODGER_EXIT_USAGE, "cannot make a timer", r);
}

static void arm_timer(__u64 now)
{
	__u64 delta = deadline > now ? deadline - now : 1;
	struct __kernel_itimerspec when = {
		.it_value = { .tv_sec = delta / NSEC_PER_SEC, .tv_nsec = delta % NSEC_PER_SEC },
	};

	armed = deadline;
	armed_by = me;
	sys4(__NR_timer_settime, timer_id, 0, &when, NULL);
}

void timer_expired(void)
{
	__u64 now = clock_read(GUEST_CLOCK);

	armed = 0;
	if (deadline > now) {
		arm_timer(now);
	} else if (deadline) {
		deadline = 0;
		__atomic_fetch_or(&vcpu->pending, 1UL << LODGER_IRQ_TIMER, __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&vcpu->wake_seq, 1, __ATOMIC_SEQ_CST);
	}
}

void timer_lost(void)
{
	armed = 0;
	if (deadline)
		arm_timer(clock_read(GUEST_CLOCK));
}

void timer_here(void)
{
	/* Another process would only pass it on to this one, once the host runs it. */
	if (READ_ONCE(deadline) && armed_by != me)
		arm_timer(clock_read(GUEST_CLOCK));
}

/*
 * A guest moves its timer at every idle, mostly to a later time and back. So a host timer that is
 * armed for an earlier time stays; when it goes off, it is armed again for the time wanted.
 */
void timer_set(__u64 delta)
{
	__u64 now = clock_read(GUEST_CLOCK);

	WRITE_ONCE(deadline, delta ? now + delta : 0);
	if (delta && (!READ_ONCE(armed) || armed > deadline))
		arm_timer(now);
}
