/* SPDX-License-Identifier: Apache-2.0 */
/* Vector state and signals: clean in the handler, restored after it, and what it edits counts. */
#include "fpstate.h"
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>

#define SW_RESERVED	464	/* of the legacy area: magic1, extended size, features, size */
#define MAGIC1		0x46505853
#define MAGIC2		0x46505845
#define YMM_OFFSET	576	/* of the high halves, in the standard format */

static enum fp_level level;
static volatile int handled;
static int edit;

static void handler(int signo, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	uint8_t *fp = (uint8_t *)uc->uc_mcontext.fpregs;
	struct fp_state in, out;
	uint32_t mxcsr, word;

	asm volatile("stmxcsr %0" : "=m"(mxcsr));
	CHECK(mxcsr == 0x1f80, "mxcsr %#x in a handler", mxcsr);
	CHECK(((uintptr_t)fp & 63) == 0, "frame at %p is not aligned", fp);
	if (level > FP_SSE) {
		memcpy(&word, fp + SW_RESERVED, 4);
		CHECK(word == MAGIC1, "magic1 %#x", word);
		memcpy(&word, fp + SW_RESERVED + 16, 4);
		CHECK(word >= 832, "xstate size %u", word);
		memcpy(&word, fp + word, 4);
		CHECK(word == MAGIC2, "magic2 %#x", word);
	}
	if (edit) {
		memset(fp + 160, 0xa5, 16);			/* xmm0 */
		if (level > FP_SSE) {
			memset(fp + YMM_OFFSET, 0x5a, 16);	/* high half of ymm0 */
			fp[512] |= 7;				/* xstate_bv: x87, SSE, AVX */
		}
	}
	fp_fill(&in, 0xbad + handled);
	fp_hold(level, &in, &out, 100, -1, 0, 0);
	fp_compare(level, &in, &out, "in the handler");
	handled++;
}

static void signalled_hold(uint64_t seed, long rounds, long nr, long a, long b, const char *what)
{
	struct fp_state in, out;

	fp_fill(&in, seed);
	memset(&out, 0, sizeof(out));
	fp_hold(level, &in, &out, rounds, nr, a, b);
	fp_compare(level, &in, &out, what);
}

int main(void)
{
	level = fp_level();
	on_signal(SIGUSR1, handler, 0);
	on_signal(SIGALRM, handler, SA_RESTART);

	/* Each round sends a signal to this process by kill, which is delivered before it returns. */
	for (int i = 0; i < 50; i++)
		signalled_hold(i, 4, SYS_kill, getpid(), SIGUSR1, "signal by kill");
	CHECK(handled == 200, "%d signals of 200", handled);

	struct itimerval every_ms = { { 0, 1000 }, { 0, 1000 } };
	handled = 0;
	setitimer(ITIMER_REAL, &every_ms, NULL);
	for (int i = 0; handled < 50; i++)
		signalled_hold(1000 + i, 100000, -1, 0, 0, "signal by timer");
	every_ms = (struct itimerval){ 0 };
	setitimer(ITIMER_REAL, &every_ms, NULL);

	struct fp_state in, out;
	fp_fill(&in, 42);
	memset(&out, 0, sizeof(out));
	edit = 1;
	fp_hold(level, &in, &out, 1, SYS_kill, getpid(), SIGUSR1);
	memset(in.vector[0], 0xa5, 16);
	if (level > FP_SSE)
		memset(in.vector[0] + 16, 0x5a, 16);
	fp_compare(level, &in, &out, "edited by a handler");
	return 0;
}
