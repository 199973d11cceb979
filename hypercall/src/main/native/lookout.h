/* SPDX-License-Identifier: Apache-2.0 */
/* An idle guest that looks for its next interrupt a little longer before it sleeps. */
#ifndef LOOKOUT_H
#define LOOKOUT_H

/* Returns 1 if an interrupt came, 0 if it is time to sleep; takes up to 30 us, often none. */
int look_for_interrupt(void);

#endif
