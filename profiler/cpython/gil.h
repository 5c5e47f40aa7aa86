/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One GIL: struct _gil_runtime_state of Include/internal/pycore_gil.h, the same fields in the same
 * order from 3.8 to 3.15. locked == 1 makes last_holder the holder in every version.
 */
#ifndef GW_CPYTHON_GIL_H
#define GW_CPYTHON_GIL_H

#include <stdbool.h>
#include <stdint.h>

#include "cpython/layout.h"
#include "target/maps.h"

struct gw_gil_words {
    gw_raddr last_holder; /* a thread state */
    bool locked;
    uint64_t switch_number; /* counts changes of holder, exactly */
    uint64_t interval_us;   /* sys.getswitchinterval() */
};

/* Decode a copy of the struct, layout->extent[GW_S_gil] bytes. False if it is cut. */
bool gw_gil_decode(const struct gw_layout *layout, struct gw_span copy, struct gw_gil_words *out);

/* Same words: nobody took or left the GIL in between. */
bool gw_gil_same(const struct gw_gil_words *a, const struct gw_gil_words *b);

/* Which of a GIL's locks a futex address lies in. The range counts, never the word: which word of a
 * condition variable is waited on differs between versions of glibc. */
enum gw_gil_futex {
    GW_GIL_FUTEX_NONE,
    GW_GIL_FUTEX_WAIT,    /* cond: asleep in take_gil */
    GW_GIL_FUTEX_LOCK,    /* mutex: asleep in take_gil, about to wait or to have it; the holder:
                             about to drop it */
    GW_GIL_FUTEX_DROPPED, /* switch_cond or switch_mutex: asleep in drop_gil, has just given it up
                           */
};
enum gw_gil_futex gw_gil_classify_futex(const struct gw_layout *layout, gw_raddr gil,
                                        gw_raddr futex);

/*
 * How many threads are inside the wait of the GIL's condition variable, those that were woken and
 * have no CPU yet included: __wrefs >> 3 of pthread_cond_t. Where __wrefs stands depends on glibc
 * (offset 36 up to 2.40, 28 from 2.41 on), and shows in the words that waiters sleep on:
 * gw_gil_learn_cond is told each futex address seen in a cond and returns the offset or 0.
 */
uint32_t gw_gil_learn_cond(const struct gw_layout *layout, gw_raddr gil, gw_raddr futex);
uint32_t gw_gil_waiters(const struct gw_layout *layout, struct gw_span copy, uint32_t wrefs_at);

#endif
