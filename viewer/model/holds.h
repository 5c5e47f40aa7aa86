/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the holds of each GIL from block to block (model/episode.h says what a hold is). */
#ifndef GW_MODEL_HOLDS_H
#define GW_MODEL_HOLDS_H

#include "model/block.h"
#include "model/episode.h"
#include "model/handovers.h"
#include "model/tables.h"

/* A hold that is not over, or one within the block at hand. */
struct gw_turn {
    struct gw_episode episode; /* as far as it has come */
    uint64_t serial;           /* no two holds of a capture have the same; 0: no hold */
    uint64_t waited_first_ns;  /* weight of the first tick of episode.other's wait in it */
    uint64_t stack_ns;         /* lead of episode.stack over all others together */
    bool broken;               /* a gap or stop is in it */
    bool begin_seen;
};

/* Where a GIL stood when its last block ended. */
struct gw_holds_gil {
    struct gw_turn turn; /* the hold that went on then */
    uint64_t until_ns;
    bool known; /* who held it, if anybody */
};

/* Ticks [begin, end) of the block at hand in one turn, or without one. */
struct gw_span {
    uint32_t begin, end;
    uint32_t kind; /* enum gw_blame_kind */
    uint32_t turn; /* turn + 1, 0: no known thread holds the GIL */
};

/* Spans of one GIL: from tick 0 to the block's end without holes, none of them empty. */
struct gw_holds_range {
    uint32_t first, n;
};

/* Zero-initialised but for `episodes` is the start. */
struct gw_holds {
    struct gw_episodes *episodes; /* where holds that are over go */
    struct gw_holds_gil *gils;    /* by row of gils */
    struct gw_turn *turns;        /* of the block at hand, as all below */
    struct gw_span *spans;
    struct gw_holds_range *ranges; /* by holding of the block */
    uint32_t n_turns, n_spans;
    size_t cap_gils, cap_turns, cap_spans, cap_ranges;
    uint64_t serial; /* the last one given */
};

/* Find the turns of a block, which has been accounted. 0 or -ENOMEM. */
int gw_holds_begin(struct gw_holds *holds, const struct gw_tables *tables,
                   const struct gw_block *block, const struct gw_handovers *handovers);

/* The spans of a GIL that the block names. */
const struct gw_span *gw_holds_spans(const struct gw_holds *holds, const struct gw_block *block,
                                     uint32_t gil, uint32_t *n);

/* First of n spans that ends after the tick; n if there is none. */
uint32_t gw_holds_find_span(const struct gw_span *spans, uint32_t n, uint32_t tick);

/* NULL where no known thread held the GIL. */
static inline struct gw_turn *gw_holds_turn(const struct gw_holds *holds,
                                            const struct gw_span *span)
{
    return span->turn ? &holds->turns[span->turn - 1] : NULL;
}

/* All waits of the block are in the turns now: take up those that are over, keep the others. */
void gw_holds_end(struct gw_holds *holds, const struct gw_tables *tables,
                  const struct gw_block *block);

/* No more blocks: what is still held is cut there. */
void gw_holds_finish(struct gw_holds *holds, const struct gw_tables *tables);

void gw_holds_fini(struct gw_holds *holds);

#endif
