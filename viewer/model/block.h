/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One block of a capture (up to a second of ticks of one process), checked in every id, column
 * and tick, with its change lists turned into runs of ticks.
 */
#ifndef GW_MODEL_BLOCK_H
#define GW_MODEL_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture.pb-c.h"
#include "model/ids.h"

/* What a thread did in the ticks [begin, end). */
struct gw_run {
    uint32_t begin, end;
    uint32_t state;
    uint32_t stack;  /* row of stacks */
    uint32_t native; /* the same with what it was in, in C */
    uint32_t gil;   /* row of gils for gil-* states, else 0 */
    uint32_t slice; /* row of slices, from gw_account_block on */
};

/* The runs [first_run, first_run + n_runs) of one thread; they touch, without holes. */
struct gw_track {
    uint32_t thread; /* row of threads */
    uint32_t first_run, n_runs;
    bool cut; /* gw_block_cut has taken ticks of it away */
    const Gilwait__Capture__Track *message;
};

/* Who held a GIL in the ticks [begin, end): thread is set only for GW_BLAME_HELD. */
struct gw_hold {
    uint32_t begin, end;
    uint32_t kind;
    uint32_t thread; /* row of threads or GW_NO_THREAD */
};

/* Holds of one GIL, from tick 0 to the block's end without holes. */
struct gw_holding {
    uint32_t gil; /* row of gils */
    uint32_t first_hold, n_holds;
    const Gilwait__Capture__Holders *message; /* NULL: the block says nothing of this GIL */
};

/* Zero-initialised is fine; one is used for all blocks, so that its arrays grow once. */
struct gw_block {
    uint32_t process; /* row of processes */
    uint64_t start_ns, end_ns;
    uint32_t n_ticks;
    uint32_t all_ticks, first_tick; /* of the message, and which of them is tick 0 here */
    uint64_t gap_ns;                /* part of the time that no tick stands for */
    uint64_t *weight_at;            /* n_ticks + 1: weight of all ticks before this one, in ns */
    uint64_t *live_at;              /* the same without ticks in which the process was stopped */
    uint64_t *from_ns;              /* n_ticks + 1: the instant of the tick before this one */
    struct gw_run *runs;
    struct gw_track *tracks;
    struct gw_hold *holds;
    struct gw_holding *holdings; /* of every GIL that the block or one of its runs names */
    uint32_t n_runs, n_tracks, n_holds, n_holdings;
    size_t cap_weight_at, cap_live_at, cap_from_ns, cap_runs, cap_tracks, cap_holds, cap_holdings;
    uint32_t *track_of; /* by row of threads: track + 1, 0 none */
    size_t cap_track_of;
};

/* Take a message apart. Returns 0, -GW_E_BAD_DATA or -ENOMEM; after an error the block must not be
 * used but for the next parse and fini. The message is borrowed until then. */
int gw_block_parse(struct gw_block *block, const Gilwait__Capture__Block *message,
                   const struct gw_ids *ids, const struct gw_tables *tables);

/* Keep the ticks [begin, end), at least one, as if the message had no others; what it says of all
 * its ticks together is not touched. After gw_block_parse, before all else. */
void gw_block_cut(struct gw_block *block, uint32_t begin, uint32_t end);

/* The ticks whose instant is after `after_ns`: the first of them, or n_ticks. */
uint32_t gw_block_first_after(const struct gw_block *block, uint64_t after_ns);

/* What a count over all ticks of the message comes to for those that are kept. It goes by the
 * number of ticks, so that the parts of a block sum to it. */
uint64_t gw_block_share(const struct gw_block *block, uint64_t count);

/* The track of a thread, or NULL. */
static inline const struct gw_track *gw_block_track(const struct gw_block *block, uint32_t thread)
{
    if (thread >= block->cap_track_of || block->track_of[thread] == 0)
        return NULL;
    return &block->tracks[block->track_of[thread] - 1];
}

/* First of n runs, in order of time, that ends after the tick; n if there is none. */
uint32_t gw_block_find_run(const struct gw_run *runs, uint32_t n, uint32_t tick);

/* What a thread did at a tick; NULL: it was not observed. */
const struct gw_run *gw_block_run_at(const struct gw_block *block, uint32_t thread, uint32_t tick);

/* The holds of a GIL, which a run of this block names. */
const struct gw_holding *gw_block_holding(const struct gw_block *block, uint32_t gil);

/* Weight of the ticks [begin, end). */
static inline uint64_t gw_block_weight(const struct gw_block *block, uint32_t begin, uint32_t end)
{
    return block->weight_at[end] - block->weight_at[begin];
}

/* Whether all the time of the ticks [begin, end) counts: no gap in it, and nobody was stopped. */
static inline bool gw_block_whole(const struct gw_block *block, uint32_t begin, uint32_t end)
{
    return block->live_at[end] - block->live_at[begin] ==
           block->from_ns[end] - block->from_ns[begin];
}

void gw_block_fini(struct gw_block *block);

#endif
