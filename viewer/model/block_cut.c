/* SPDX-License-Identifier: Apache-2.0 */
#include "model/block.h"

/* The part of [*begin, *end) that lies in the ticks kept, counted from the first of them. False if
 * there is none. */
static bool clip(uint32_t *begin, uint32_t *end, uint32_t first, uint32_t last)
{
    uint32_t from = *begin > first ? *begin : first;
    uint32_t to = *end < last ? *end : last;

    if (from >= to)
        return false;
    *begin = from - first;
    *end = to - first;
    return true;
}

static void shift(uint64_t *at, uint32_t begin, uint32_t n, uint64_t less)
{
    for (uint32_t i = 0; i <= n; i++)
        at[i] = at[begin + i] - less;
}

/* Tracks and their runs lie in the same order, so what is kept moves up in its place. */
static void cut_tracks(struct gw_block *block, uint32_t begin, uint32_t end)
{
    uint32_t n_tracks = 0, n_runs = 0;

    for (uint32_t t = 0; t < block->n_tracks; t++) {
        struct gw_track track = block->tracks[t];
        uint32_t first = n_runs;
        for (uint32_t i = 0; i < track.n_runs; i++) {
            struct gw_run run = block->runs[track.first_run + i];
            uint32_t ticks = run.end - run.begin;
            if (!clip(&run.begin, &run.end, begin, end)) {
                track.cut = true;
                continue;
            }
            track.cut |= run.end - run.begin < ticks;
            block->runs[n_runs++] = run;
        }
        track.first_run = first;
        track.n_runs = n_runs - first;
        block->track_of[track.thread] = track.n_runs ? n_tracks + 1 : 0;
        if (track.n_runs)
            block->tracks[n_tracks++] = track;
    }
    block->n_tracks = n_tracks;
    block->n_runs = n_runs;
}

/* The holds of a GIL cover all ticks, so that each GIL keeps at least one. */
static void cut_holdings(struct gw_block *block, uint32_t begin, uint32_t end)
{
    uint32_t n_holds = 0;

    for (uint32_t h = 0; h < block->n_holdings; h++) {
        struct gw_holding *holding = &block->holdings[h];
        uint32_t first = n_holds;
        for (uint32_t i = 0; i < holding->n_holds; i++) {
            struct gw_hold hold = block->holds[holding->first_hold + i];
            if (clip(&hold.begin, &hold.end, begin, end))
                block->holds[n_holds++] = hold;
        }
        holding->first_hold = first;
        holding->n_holds = n_holds - first;
    }
    block->n_holds = n_holds;
}

void gw_block_cut(struct gw_block *block, uint32_t begin, uint32_t end)
{
    uint32_t n = end - begin;

    if (n == block->n_ticks)
        return;
    shift(block->weight_at, begin, n, block->weight_at[begin]);
    shift(block->live_at, begin, n, block->live_at[begin]);
    shift(block->from_ns, begin, n, 0);
    block->start_ns = block->from_ns[0];
    block->end_ns = block->from_ns[n];
    block->gap_ns = block->end_ns - block->start_ns - block->weight_at[n];
    cut_tracks(block, begin, end);
    cut_holdings(block, begin, end);
    block->first_tick = begin;
    block->n_ticks = n;
}

uint32_t gw_block_first_after(const struct gw_block *block, uint64_t after_ns)
{
    uint32_t low = 0, n = block->n_ticks;

    while (n > 0) {
        uint32_t half = n / 2;
        if (block->from_ns[low + half + 1] <= after_ns) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

uint64_t gw_block_share(const struct gw_block *block, uint64_t count)
{
    uint64_t all = block->all_ticks, begin = block->first_tick, end = begin + block->n_ticks;

    if (block->n_ticks == block->all_ticks)
        return count;
    uint64_t each = count / all, rest = count % all;
    return each * (end - begin) + rest * end / all - rest * begin / all;
}
