/* SPDX-License-Identifier: Apache-2.0 */
#include "model/blame.h"

#include <stdlib.h>

#include "model/grow.h"

/* Ticks [begin, end) in which one holder stayed in one place. */
struct gw_blame_segment {
    uint32_t begin, end;
    uint32_t holder; /* row of holders */
    uint32_t thread; /* row of threads or GW_NO_THREAD */
};

static int add_segment(struct gw_blame *blame, struct gw_pairs *pairs, uint32_t begin, uint32_t end,
                       const struct gw_pairs_holder *holder)
{
    if (begin == end)
        return 0;
    int64_t row = gw_pairs_holder(pairs, holder);
    if (row < 0)
        return (int)row;
    int rc = GW_GROW(blame, segments, blame->n_segments + 1u);
    if (rc < 0)
        return rc;
    blame->segments[blame->n_segments++] = (struct gw_blame_segment){
        .begin = begin, .end = end, .holder = (uint32_t)row, .thread = holder->thread};
    return 0;
}

/* Cut a hold where the holder's stack or state changes. Where the holder was not observed, its
 * stack is empty and its state unknown. */
static int add_hold(struct gw_blame *blame, struct gw_pairs *pairs, const struct gw_block *block,
                    const struct gw_hold *hold)
{
    const struct gw_pairs_holder unseen = {
        .kind = hold->kind, .thread = hold->thread, .state = GW_STATE_UNKNOWN};
    const struct gw_track *track =
        hold->kind == GW_BLAME_HELD ? gw_block_track(block, hold->thread) : NULL;
    uint32_t n_runs = track ? track->n_runs : 0;
    const struct gw_run *runs = track ? &block->runs[track->first_run] : NULL;
    uint32_t at = hold->begin;
    int rc = 0;

    for (uint32_t i = gw_block_find_run(runs, n_runs, at);
         rc == 0 && i < n_runs && runs[i].begin < hold->end; i++) {
        uint32_t begin = runs[i].begin > at ? runs[i].begin : at;
        uint32_t end = runs[i].end < hold->end ? runs[i].end : hold->end;
        struct gw_pairs_holder seen = unseen;
        seen.stack = runs[i].stack;
        seen.state = runs[i].state;
        rc = add_segment(blame, pairs, at, begin, &unseen);
        if (rc == 0)
            rc = add_segment(blame, pairs, begin, end, &seen);
        at = end;
    }
    return rc < 0 ? rc : add_segment(blame, pairs, at, hold->end, &unseen);
}

static int build_segments(struct gw_blame *blame, struct gw_pairs *pairs,
                          const struct gw_block *block, const struct gw_holding *holding)
{
    int rc = 0;

    blame->n_segments = 0;
    for (uint32_t i = 0; rc == 0 && i < holding->n_holds; i++)
        rc = add_hold(blame, pairs, block, &block->holds[holding->first_hold + i]);
    return rc;
}

/* Cut a wait along the segments. `from` is the first segment that can meet it, moved along. A
 * thread that waits cannot be the holder: what says so is torn. */
static int charge(struct gw_blame *blame, struct gw_pairs *pairs, const struct gw_block *block,
                  uint32_t waiter, const struct gw_run *run, uint32_t *from)
{
    const struct gw_blame_segment *segments = blame->segments;
    int rc = 0;

    while (segments[*from].end <= run->begin)
        (*from)++;
    for (uint32_t i = *from; rc == 0 && i < blame->n_segments && segments[i].begin < run->end;
         i++) {
        uint32_t begin = segments[i].begin > run->begin ? segments[i].begin : run->begin;
        uint32_t end = segments[i].end < run->end ? segments[i].end : run->end;
        uint32_t holder = segments[i].thread == waiter ? blame->unknown_holder : segments[i].holder;
        rc = gw_pairs_add(pairs, run->slice, holder, gw_block_weight(block, begin, end));
    }
    return rc;
}

/* All waits of one thread for one GIL. */
static int charge_track(struct gw_blame *blame, struct gw_pairs *pairs,
                        const struct gw_block *block, const struct gw_track *track, uint32_t gil)
{
    uint32_t from = 0;
    int rc = 0;

    for (uint32_t i = 0; rc == 0 && i < track->n_runs; i++) {
        const struct gw_run *run = &block->runs[track->first_run + i];
        if (gw_state_wants_gil(run->state) && run->gil == gil)
            rc = charge(blame, pairs, block, track->thread, run, &from);
    }
    return rc;
}

static int prepare(struct gw_blame *blame, struct gw_pairs *pairs, const struct gw_block *block)
{
    const struct gw_pairs_holder unknown = {.kind = GW_BLAME_UNKNOWN, .thread = GW_NO_THREAD};
    int64_t row = gw_pairs_holder(pairs, &unknown);
    size_t n_slices = 0;

    if (row < 0)
        return (int)row;
    blame->unknown_holder = (uint32_t)row;
    for (uint32_t i = 0; i < block->n_runs; i++)
        if (block->runs[i].slice >= n_slices)
            n_slices = block->runs[i].slice + (size_t)1;
    return gw_pairs_reserve(pairs, n_slices);
}

int gw_blame_block(struct gw_blame *blame, struct gw_pairs *pairs, const struct gw_block *block)
{
    int rc = prepare(blame, pairs, block);

    for (uint32_t i = 0; rc == 0 && i < block->n_holdings; i++) {
        const struct gw_holding *holding = &block->holdings[i];
        rc = build_segments(blame, pairs, block, holding);
        for (uint32_t t = 0; rc == 0 && t < block->n_tracks; t++)
            rc = charge_track(blame, pairs, block, &block->tracks[t], holding->gil);
    }
    return rc;
}

void gw_blame_fini(struct gw_blame *blame)
{
    free(blame->segments);
    *blame = (struct gw_blame){0};
}
