/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended state (x87, SSE, AVX, ...). The host leaves a thread's state in the signal frame of its
 * slot, and the stub loads it from there; in a process that has the key it is in the registers,
 * which neither kernel nor switcher use. It stays there until another thread of the same address
 * space wants the slot; most traps copy nothing. The home of a state remembers the slot that holds
 * the live copy in a word that belongs to software by the xsave format.
 */
#include "frame.h"
#include "key.h"
#include "space.h"

#define HOME_SLOT 464	/* first of the software-reserved bytes: slot + 1, 0 = the home is live */

static __u32 *home_slot(void *xstate)
{
	return xstate + HOME_SLOT;
}

/* The slot that holds the live copy, or negative. The word may be a copy of another task's. */
static long live_in(void *xstate)
{
	__u32 i = *home_slot(xstate) - 1;

	return i < MAX_SLOTS && slots[i].alive && slots[i].xstate == xstate ? (long)i : -1;
}

static void *image(__u32 i)
{
	return (void *)(slot_memory(i) + layout.fpstate);
}

void xstate_sync(void *xstate)
{
	long i = live_in(xstate);

	if (i < 0)
		return;
	if (slots[i].kind == LODGER_ISOLATION_KEY) {
		if (!key_arrive(i))
			key_xsave(xstate, layout.xfeatures);
	} else {
		frame_complete(i);
		memcpy(xstate, image(i), layout.xstate_size);
	}
	*home_slot(xstate) = i + 1;
}

void regs_sync(void *xstate)
{
	long i = live_in(xstate);

	if (i >= 0)
		frame_complete(i);
}

void xstate_drop(void *xstate)
{
	long i = live_in(xstate);

	if (i >= 0) {
		slots[i].xstate = NULL;
		slots[i].regs = NULL;
	}
	*home_slot(xstate) = 0;
}

void xstate_load(__u32 i, void *xstate)
{
	if (slots[i].xstate == xstate)
		return;
	if (slots[i].xstate)
		xstate_sync(slots[i].xstate);
	xstate_sync(xstate);	/* from a slot that another address space had */
	xstate_drop(xstate);
	if (slots[i].kind == LODGER_ISOLATION_KEY) {
		if (key_arrive(i))
			return;
		key_xrstor(xstate, layout.xfeatures);
	} else {
		frame_complete(i);	/* may be nobody's */
		memcpy(image(i), xstate, layout.xstate_size);
	}
	slots[i].xstate = xstate;
	*home_slot(xstate) = i + 1;
}
