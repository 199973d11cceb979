/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk in the host's page cache answers sooner than a sleeper wakes, if another CPU serves it.
 * Each time that looking out for that is in vain doubles the number of times that it is left out:
 * an idle guest, or one with a single CPU, spends next to nothing on it. The launcher's disks bet
 * on the other side in the same way: Wager.java.
 */
#include "lookout.h"
#include "vcpu.h"
#include "vdso.h"

#define LOOK_NSEC 30000
#define ROBBED_NSEC 20000	/* from one reading of the clock to the next; the host's own work is shorter */
#define EVICTED_NSEC 1200000	/* a slice of the scheduler's: somebody waits for this CPU */
#define LOOKS_PER_CLOCK 8
#define PAUSE_MAX 64
#define RUIN_PAUSE_MIN 64
#define RUIN_PAUSE_MAX 4096
#define WINS_TO_FORGIVE 1024	/* so many halve the pause that the next eviction brings */
#define WINS_FOR_A_LOSS 4U	/* what looking in vain once costs is won back by so many finds */

static __u32 parts SHARED;	/* the next pause, in parts of one time */
static __u32 left SHARED;	/* times, of this pause */
static __u32 ruin_pause SHARED, wins SHARED;

static void won(void)
{
	parts -= (parts + WINS_FOR_A_LOSS - 1) / WINS_FOR_A_LOSS;
	if (++wins >= WINS_TO_FORGIVE) {
		wins = 0;
		ruin_pause /= 2;
	}
}

static void lost(void)
{
	parts = min(max(2 * parts, WINS_FOR_A_LOSS), PAUSE_MAX * WINS_FOR_A_LOSS);
	left = parts / WINS_FOR_A_LOSS;
}

/* A host that is itself a guest is stopped now and then; what shares its CPU is evicted again and again. */
static void ruined(void)
{
	lost();
	left = max(ruin_pause, RUIN_PAUSE_MIN);
	ruin_pause = min(4 * left, RUIN_PAUSE_MAX);
	wins = 0;
}

int look_for_interrupt(void)
{
	__u64 start, last, now;
	int found;

	if (left) {
		left--;
		return 0;
	}
	start = now = clock_read(CLOCK_MONOTONIC);
	do {
		for (int i = 0; i < LOOKS_PER_CLOCK && !interrupt_pending(); i++)
			asm volatile("pause");
		found = interrupt_pending();
		last = now;
		now = clock_read(CLOCK_MONOTONIC);
	} while (!found && now - last <= ROBBED_NSEC && now - start < LOOK_NSEC);
	if (now - last > EVICTED_NSEC)
		ruined();
	else if (found && now - last <= ROBBED_NSEC)
		won();
	else
		lost();
	return found;
}
