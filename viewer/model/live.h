/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture that is still being written, as a model of its last seconds.
 *
 * Definitions are taken in as they come. Blocks are kept packed, as they were, for as long as the
 * window is, and summed up anew whenever a window is asked for: so a window is a model like any
 * other, with the same law of blame, and what leaves it leaves no trace. Windows are made of whole
 * blocks (half a second of a recorder), so they may be longer than asked for by one block.
 *
 * Memory: the blocks of the window, at most GW_MAX_WINDOW_BYTES, and the definitions. Those grow
 * with new code and new threads; they are forgotten, and the window begins anew, where the capture
 * gives ids anew, and at a keyframe once there are more than GW_MAX_WINDOW_THREADS threads.
 */
#ifndef GW_MODEL_LIVE_H
#define GW_MODEL_LIVE_H

#include "format/capture_reader.h"
#include "model/model.h"

struct gw_live;

/* What a thread did at the newest tick of the window. */
struct gw_live_now {
    bool known; /* false: it was not observed then */
    uint32_t state;
    uint32_t stack; /* row of stacks */
};

/* keep_ns: the longest window that will be asked for. 0 or -ENOMEM. */
int gw_live_new(uint64_t keep_ns, struct gw_live **out);

/* Take in the next chunk. Returns 0, -GW_E_BAD_DATA, -GW_E_LIMIT or -ENOMEM: after an error no
 * more may follow, but what was taken in before is still there. Ends the model of the last
 * gw_live_window. */
int gw_live_take(struct gw_live *live, const struct gw_chunk *chunk);

/* Forget all blocks, so that a window begins now. */
void gw_live_restart(struct gw_live *live);

/* The model of the last window_ns before the newest tick. It belongs to `live` and is valid until
 * the next call of any function here but gw_live_now. Returns 0, -GW_E_BAD_DATA, -GW_E_LIMIT or
 * -ENOMEM. */
int gw_live_window(struct gw_live *live, uint64_t window_ns, const struct gw_model **out);

/* End of the newest block taken in; 0: there is none. What is newer than an earlier answer t is the
 * window of gw_live_newest_ns() - t. */
uint64_t gw_live_newest_ns(const struct gw_live *live);

/* What a thread (row of threads) did last in that window. */
struct gw_live_now gw_live_now(const struct gw_live *live, uint32_t thread);

/* NULL is fine. */
void gw_live_free(struct gw_live *live);

#endif
