/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a thread gave the GIL up: *forced* by another thread's drop request, or *released* of its
 * own (for a call that blocks or computes without it, or because the thread ended).
 *
 * What CPython does: a waiter sleeps for the switch interval at a time. If the GIL changed hands
 * meanwhile, it starts again; if not, it sets the drop request, and the holder lets go where it
 * next looks at the eval breaker, waits until another thread has the GIL, and then waits for it
 * itself. So a hold can only have been forced if
 *
 * 1. the thread wants the GIL back at once, and
 * 2. during this very hold some thread waited for at least the switch interval. (A thread that
 *    waited longer, but behind others first, has started again when this hold began.)
 *
 * What ticks show of it:
 *
 * - The next state is anything but having or wanting this GIL: released. A forced thread that got
 *   the GIL back and left for a call within one period would be mistaken here; that is rare.
 * - It wants the GIL at the next tick, and its stack ends in a C function: released, by that
 *   function, from which it comes back. A thread that was made to let go stands between two
 *   instructions.
 * - It wants the GIL at the next tick, or has it back after another thread had it in between, but
 *   no thread can have waited for the interval: released, for a call so short that it came back
 *   before the next tick. A wait of length W in ticks is truly shorter than W plus the weight of
 *   the next tick, and a waiter that no tick saw counts as W = 0: where nobody waited, nobody
 *   forced.
 * - Likewise, but somebody may have waited for the interval, and has certainly waited for a quarter
 *   of it (W less the weight of the wait's first tick): forced. When W is within a period of the
 *   interval this is likely and not certain. It is called so all the same, because threads that
 *   compute hand over exactly there: each of their holds lasts one interval. Where the periods are
 *   so long that not even the quarter is certain, "about the interval" says nothing: unknown. A
 *   call shorter than a period after a long hold looks forced too; then a drop request was pending,
 *   and letting go was due.
 * - Its length is not known (a gap, a stop, the begin of the recording), its next state is not, or
 *   the interval is not: unknown, as far as the answer depends on it.
 */
#ifndef GW_MODEL_HOLD_END_H
#define GW_MODEL_HOLD_END_H

#include <stdbool.h>
#include <stdint.h>

#include "model/episode.h"

/* The part of the switch interval, 1/this, that somebody must certainly have waited. */
#define GW_HOLD_END_CERTAIN 4u

/* What the ticks showed of a hold and of the tick after it. */
struct gw_hold_evidence {
    bool broken;          /* a gap or stop is in it or right after it */
    bool begin_seen;      /* it is known when it began */
    bool observed;        /* at the next tick the thread was */
    bool back;            /* it holds the GIL there, but another thread had it in between */
    bool same_gil;        /* it wants the GIL then, and this one */
    bool in_c;            /* its stack ends in a C function then */
    unsigned state;       /* enum gw_state it was in then */
    uint64_t waited_ns;   /* W: longest wait of one thread during this hold; 0: none seen */
    uint64_t first_ns;    /* weight of the first tick of that wait in this hold */
    uint64_t next_ns;     /* weight of the next tick */
    uint64_t interval_ns; /* switch interval in force, 0: not known */
};

enum gw_hold_end gw_hold_end_tell(const struct gw_hold_evidence *evidence);

#endif
