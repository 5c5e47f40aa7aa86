/* SPDX-License-Identifier: Apache-2.0 */
#include "model/block.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "model/grow.h"

/* How Holders.holder says it (capture.proto). */
#define HOLDER_NOBODY 0u
#define HOLDER_UNKNOWN 1u
#define HOLDER_FIRST_THREAD 2u

/* Sum of all dt; the instants must fit the clock. */
static int parse_dts(struct gw_block *block, const Gilwait__Capture__Block *message)
{
    size_t n = message->n_dt_ns;
    uint64_t now = message->start_ns;

    if (n > GW_MAX_TICKS_PER_BLOCK)
        return -GW_E_BAD_DATA;
    int rc = GW_GROW(block, weight_at, n + 1);
    if (rc == 0)
        rc = GW_GROW(block, live_at, n + 1);
    if (rc == 0)
        rc = GW_GROW(block, from_ns, n + 1);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        block->weight_at[i] = message->dt_ns[i];
        block->from_ns[i] = now;
        if (__builtin_add_overflow(now, message->dt_ns[i], &now))
            return -GW_E_BAD_DATA;
    }
    block->from_ns[n] = now;
    block->n_ticks = (uint32_t)n;
    block->all_ticks = (uint32_t)n;
    block->first_tick = 0;
    block->start_ns = message->start_ns;
    block->end_ns = now;
    return 0;
}

static int take_gaps(struct gw_block *block, const Gilwait__Capture__Block *message)
{
    block->gap_ns = 0;
    if (message->n_gap_tick != message->n_gap_ns)
        return -GW_E_BAD_DATA;
    for (size_t i = 0; i < message->n_gap_tick; i++) {
        uint32_t tick = message->gap_tick[i];
        if (tick >= block->n_ticks || message->gap_ns[i] > block->weight_at[tick])
            return -GW_E_BAD_DATA;
        block->weight_at[tick] -= message->gap_ns[i];
        block->gap_ns += message->gap_ns[i];
    }
    return 0;
}

/* From the weights of the ticks to the weight before each. */
static void sum_up(uint64_t *at, uint32_t n)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i <= n; i++) {
        uint64_t weight = i < n ? at[i] : 0;
        at[i] = sum;
        sum += weight;
    }
}

/* Ticks of a change list: the first one, then differences of at least one. */
static bool next_tick(const uint32_t *ticks, size_t i, uint32_t limit, uint32_t *tick)
{
    if (i == 0)
        *tick = ticks[0];
    else if (ticks[i] == 0 || __builtin_add_overflow(*tick, ticks[i], tick))
        return false;
    return *tick < limit;
}

static int find_gil(const struct gw_block *block, const struct gw_ids *ids,
                    const struct gw_tables *tables, uint32_t id, uint32_t *row)
{
    if (!gw_idlist_find(&ids->gils, id, row) ||
        gw_tables_gil(tables, *row)->process != block->process)
        return -GW_E_BAD_DATA;
    return 0;
}

static int find_thread(const struct gw_block *block, const struct gw_ids *ids,
                       const struct gw_tables *tables, uint32_t id, uint32_t *row)
{
    if (!gw_idlist_find(&ids->threads, id, row) ||
        gw_tables_thread(tables, *row)->process != block->process)
        return -GW_E_BAD_DATA;
    return 0;
}

/* The entry's state, stack and GIL. A state of a later minor version counts as unknown. */
static int parse_run(const struct gw_block *block, const Gilwait__Capture__Track *message, size_t i,
                     const struct gw_ids *ids, const struct gw_tables *tables, struct gw_run *run)
{
    uint32_t gil = message->n_gil ? message->gil[i] : message->one_gil;

    run->state = message->state[i] < GW_N_STATES ? message->state[i] : (uint32_t)GW_STATE_UNKNOWN;
    if (!gw_idlist_find(&ids->stacks, message->stack[i], &run->stack) ||
        !gw_idlist_find(&ids->natives, message->stack[i], &run->native))
        return -GW_E_BAD_DATA;
    run->gil = 0;
    if (gw_state_wants_gil(run->state) || gw_state_holds_gil(run->state))
        return find_gil(block, ids, tables, gil, &run->gil);
    return 0;
}

static int parse_runs(struct gw_block *block, const Gilwait__Capture__Track *message,
                      const struct gw_ids *ids, const struct gw_tables *tables)
{
    size_t n = message->n_tick;
    uint32_t end = message->end_tick ? message->end_tick : block->n_ticks;
    uint32_t tick = 0;

    if (message->n_state != n || message->n_stack != n || (message->n_gil && message->n_gil != n) ||
        end > block->n_ticks)
        return -GW_E_BAD_DATA;
    int rc = GW_GROW(block, runs, block->n_runs + n);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct gw_run *run = &block->runs[block->n_runs];
        if (!next_tick(message->tick, i, end, &tick))
            return -GW_E_BAD_DATA;
        if (i > 0)
            run[-1].end = tick;
        run->begin = tick;
        run->end = end;
        rc = parse_run(block, message, i, ids, tables, run);
        block->n_runs++;
    }
    return rc;
}

static int parse_track(struct gw_block *block, const Gilwait__Capture__Track *message,
                       const struct gw_ids *ids, const struct gw_tables *tables)
{
    uint32_t thread;
    int rc = find_thread(block, ids, tables, message->thread, &thread);

    if (rc < 0 || block->track_of[thread])
        return -GW_E_BAD_DATA;
    rc = GW_GROW(block, tracks, block->n_tracks + 1u);
    if (rc < 0)
        return rc;
    struct gw_track *track = &block->tracks[block->n_tracks++];
    *track = (struct gw_track){.thread = thread, .first_run = block->n_runs, .message = message};
    block->track_of[thread] = block->n_tracks;
    rc = parse_runs(block, message, ids, tables);
    track->n_runs = block->n_runs - track->first_run;
    return rc;
}

static int forget_tracks(struct gw_block *block, const struct gw_tables *tables)
{
    for (uint32_t i = 0; i < block->n_tracks; i++)
        block->track_of[block->tracks[i].thread] = 0;
    block->n_tracks = 0;
    block->n_runs = 0;
    return GW_GROW(block, track_of, tables->threads.n);
}

static int parse_tracks(struct gw_block *block, const Gilwait__Capture__Block *message,
                        const struct gw_ids *ids, const struct gw_tables *tables)
{
    int rc = forget_tracks(block, tables);

    for (size_t i = 0; rc == 0 && i < message->n_tracks; i++)
        rc = parse_track(block, message->tracks[i], ids, tables);
    return rc;
}

static int parse_holder(const struct gw_block *block, const struct gw_ids *ids,
                        const struct gw_tables *tables, uint32_t holder, struct gw_hold *hold)
{
    hold->thread = GW_NO_THREAD;
    hold->kind = holder == HOLDER_NOBODY ? GW_BLAME_HANDOFF : GW_BLAME_UNKNOWN;
    if (holder < HOLDER_FIRST_THREAD)
        return 0;
    hold->kind = GW_BLAME_HELD;
    return find_thread(block, ids, tables, holder - HOLDER_FIRST_THREAD, &hold->thread);
}

/* A hold of its own for what the block does not say: up to the first entry, or all of it. */
static int begin_holding(struct gw_block *block, uint32_t gil, size_t n_entries)
{
    if (block->n_holdings == GW_MAX_INTERPRETERS)
        return -GW_E_BAD_DATA;
    int rc = GW_GROW(block, holdings, block->n_holdings + 1u);
    if (rc == 0)
        rc = GW_GROW(block, holds, block->n_holds + n_entries + 1);
    if (rc < 0)
        return rc;
    block->holdings[block->n_holdings++] =
        (struct gw_holding){.gil = gil, .first_hold = block->n_holds, .n_holds = 1};
    block->holds[block->n_holds++] =
        (struct gw_hold){.end = block->n_ticks, .kind = GW_BLAME_UNKNOWN, .thread = GW_NO_THREAD};
    return 0;
}

const struct gw_holding *gw_block_holding(const struct gw_block *block, uint32_t gil)
{
    for (uint32_t i = 0; i < block->n_holdings; i++)
        if (block->holdings[i].gil == gil)
            return &block->holdings[i];
    return NULL;
}

uint32_t gw_block_find_run(const struct gw_run *runs, uint32_t n, uint32_t tick)
{
    uint32_t low = 0;

    while (n > 0) {
        uint32_t half = n / 2;
        if (runs[low + half].end <= tick) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

const struct gw_run *gw_block_run_at(const struct gw_block *block, uint32_t thread, uint32_t tick)
{
    const struct gw_track *track = gw_block_track(block, thread);

    if (!track)
        return NULL;
    const struct gw_run *runs = &block->runs[track->first_run];
    uint32_t at = gw_block_find_run(runs, track->n_runs, tick);
    return at < track->n_runs && runs[at].begin <= tick ? &runs[at] : NULL;
}

static int parse_holders(struct gw_block *block, const Gilwait__Capture__Holders *message,
                         const struct gw_ids *ids, const struct gw_tables *tables)
{
    uint32_t gil, tick = 0;
    int rc = find_gil(block, ids, tables, message->gil, &gil);

    if (rc < 0 || message->n_holder != message->n_tick || gw_block_holding(block, gil))
        return -GW_E_BAD_DATA;
    rc = begin_holding(block, gil, message->n_tick);
    for (size_t i = 0; rc == 0 && i < message->n_tick; i++) {
        struct gw_hold *hold = &block->holds[block->n_holds];
        if (!next_tick(message->tick, i, block->n_ticks, &tick))
            return -GW_E_BAD_DATA;
        hold[-1].end = tick;
        hold->begin = tick;
        hold->end = block->n_ticks;
        rc = parse_holder(block, ids, tables, message->holder[i], hold);
        block->n_holds++;
    }
    if (rc == 0) {
        struct gw_holding *holding = &block->holdings[block->n_holdings - 1];
        holding->n_holds = block->n_holds - holding->first_hold;
        holding->message = message;
    }
    return rc;
}

static int parse_holdings(struct gw_block *block, const Gilwait__Capture__Block *message,
                          const struct gw_ids *ids, const struct gw_tables *tables)
{
    int rc = 0;

    block->n_holds = 0;
    block->n_holdings = 0;
    for (size_t i = 0; rc == 0 && i < message->n_holders; i++)
        rc = parse_holders(block, message->holders[i], ids, tables);
    for (uint32_t i = 0; rc == 0 && i < block->n_runs; i++) {
        const struct gw_run *run = &block->runs[i];
        if (gw_state_wants_gil(run->state) && !gw_block_holding(block, run->gil))
            rc = begin_holding(block, run->gil, 0);
    }
    return rc;
}

/* A stop or freeze takes the whole process, whichever thread shows it. */
static void drop_stopped(struct gw_block *block)
{
    for (uint32_t i = 0; i < block->n_runs; i++) {
        const struct gw_run *run = &block->runs[i];
        if (run->state == GW_STATE_STOPPED)
            memset(block->live_at + run->begin, 0,
                   (run->end - run->begin) * sizeof *block->live_at);
    }
}

int gw_block_parse(struct gw_block *block, const Gilwait__Capture__Block *message,
                   const struct gw_ids *ids, const struct gw_tables *tables)
{
    if (!gw_idlist_find(&ids->processes, message->process, &block->process))
        return -GW_E_BAD_DATA;
    int rc = parse_dts(block, message);
    if (rc == 0)
        rc = take_gaps(block, message);
    if (rc == 0)
        rc = parse_tracks(block, message, ids, tables);
    if (rc == 0)
        rc = parse_holdings(block, message, ids, tables);
    if (rc < 0)
        return rc;
    memcpy(block->live_at, block->weight_at, block->n_ticks * sizeof *block->live_at);
    drop_stopped(block);
    sum_up(block->weight_at, block->n_ticks);
    sum_up(block->live_at, block->n_ticks);
    return 0;
}

void gw_block_fini(struct gw_block *block)
{
    free(block->weight_at);
    free(block->live_at);
    free(block->from_ns);
    free(block->runs);
    free(block->tracks);
    free(block->holds);
    free(block->holdings);
    free(block->track_of);
    *block = (struct gw_block){0};
}
