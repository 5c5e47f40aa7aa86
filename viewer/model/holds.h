/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the holds of each GIL from block to block (model/episode.h says what a hold is). */
#ifndef GW_MODEL_HOLDS_H
#define GW_MODEL_HOLDS_H

#include "model/block.h"
#include "model/episode.h"
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

/* Zero-initialised but for `episodes` is the start. */
struct gw_holds {
    struct gw_episodes *episodes; /* where holds that are over go */
    struct gw_holds_gil *gils;    /* by row of gils */
    struct gw_turn *turns;        /* of the block at hand */
    uint32_t *turn_of;            /* by hold of the block: its turn + 1, 0: it is none */
    uint32_t n_turns;
    size_t cap_gils, cap_turns, cap_turn_of;
    uint64_t serial; /* the last one given */
};

/* Find the turns of a block, which has been accounted. 0 or -ENOMEM. */
int gw_holds_begin(struct gw_holds *holds, const struct gw_tables *tables,
                   const struct gw_block *block);

/* The turn of a hold of the block; NULL where no known thread held the GIL. */
static inline struct gw_turn *gw_holds_turn(const struct gw_holds *holds, uint32_t hold)
{
    return holds->turn_of[hold] ? &holds->turns[holds->turn_of[hold] - 1] : NULL;
}

/* All waits of the block are in the turns now: take up those that are over, keep the others. */
void gw_holds_end(struct gw_holds *holds, const struct gw_tables *tables,
                  const struct gw_block *block);

/* No more blocks: what is still held is cut there. */
void gw_holds_finish(struct gw_holds *holds);

void gw_holds_fini(struct gw_holds *holds);

#endif
