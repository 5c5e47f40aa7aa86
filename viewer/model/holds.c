/* SPDX-License-Identifier: Apache-2.0 */
#include "model/holds.h"

#include <stdlib.h>

#include "model/grow.h"
#include "model/hold_end.h"

#define NS_PER_US 1000u

/* The switch interval in force, 0 if it is not known or beyond all sense. */
static uint64_t interval_ns(const struct gw_tables *tables, uint32_t gil)
{
    uint64_t us = gw_tables_gil(tables, gil)->switch_interval_us;

    return us <= UINT64_MAX / NS_PER_US ? us * NS_PER_US : 0;
}

/* What the tick after a hold shows. */
static struct gw_hold_evidence gather(const struct gw_tables *tables, const struct gw_block *block,
                                      const struct gw_turn *turn, uint32_t tick)
{
    const struct gw_episode *episode = &turn->episode;
    const struct gw_run *run = gw_block_run_at(block, episode->thread, tick);

    return (struct gw_hold_evidence){
        .broken = turn->broken || !gw_block_whole(block, tick, tick + 1),
        .begin_seen = turn->begin_seen,
        .observed = run != NULL,
        .same_gil = run && run->gil == episode->gil,
        .state = run ? run->state : (unsigned)GW_STATE_UNKNOWN,
        .waited_ns = episode->other_ns,
        .first_ns = turn->waited_first_ns,
        .next_ns = gw_block_weight(block, tick, tick + 1),
        .interval_ns = interval_ns(tables, episode->gil),
    };
}

static void take_up(struct gw_holds *holds, const struct gw_tables *tables, struct gw_turn *turn)
{
    struct gw_episode *episode = &turn->episode;
    struct gw_hold_ends *ends = &gw_tables_thread(tables, episode->thread)->hold_ends;

    ends->n[episode->end]++;
    ends->ns[episode->end] += episode->ns;
    gw_episodes_add(holds->episodes, episode);
}

/* The hold was over at a tick, at which `next` tells of the GIL. Where that does not say whose the
 * GIL was, the thread's own state may still tell that it was not its. */
static void close_at(struct gw_holds *holds, const struct gw_tables *tables,
                     const struct gw_block *block, struct gw_turn *turn, const struct gw_hold *next)
{
    struct gw_episode *episode = &turn->episode;
    struct gw_hold_evidence evidence = gather(tables, block, turn, next->begin);
    bool lost = next->kind == GW_BLAME_UNKNOWN && !evidence.observed;

    episode->end = (uint8_t)(lost ? GW_HOLD_END_UNKNOWN : gw_hold_end_tell(&evidence));
    episode->cut = evidence.broken || !turn->begin_seen ||
                   (next->kind == GW_BLAME_UNKNOWN && episode->end == GW_HOLD_END_UNKNOWN);
    if (evidence.next_ns > episode->uncertainty_ns)
        episode->uncertainty_ns = evidence.next_ns;
    take_up(holds, tables, turn);
}

/* The hold was going on when the GIL was lost sight of. */
static void close_cut(struct gw_holds *holds, const struct gw_tables *tables, struct gw_turn *turn)
{
    turn->episode.end = GW_HOLD_END_UNKNOWN;
    turn->episode.cut = true;
    take_up(holds, tables, turn);
}

static struct gw_turn *add_turn(struct gw_holds *holds, const struct gw_turn *turn)
{
    struct gw_turn *added = &holds->turns[holds->n_turns++];

    *added = *turn;
    return added;
}

/* A hold that begins with this one of the block. */
static struct gw_turn *open_turn(struct gw_holds *holds, const struct gw_block *block, uint32_t gil,
                                 const struct gw_hold *hold, bool known)
{
    struct gw_turn turn = {
        .episode = {.thread = hold->thread,
                    .gil = gil,
                    .other = GW_NO_THREAD,
                    .other_kind = GW_BLAME_HANDOFF,
                    .begin_ns = block->from_ns[hold->begin],
                    .uncertainty_ns = gw_block_weight(block, hold->begin, hold->begin + 1)},
        .serial = ++holds->serial,
        .begin_seen = known,
    };
    return add_turn(holds, &turn);
}

/* A majority vote, weighed: a stack that was there for more than half of the hold is left. Time
 * without Python frames has no say, for a stack that could not be read looks like it. */
static void vote(struct gw_turn *turn, uint32_t stack, uint64_t ns)
{
    if (stack == 0)
        return;
    if (turn->episode.stack == stack) {
        turn->stack_ns += ns;
    } else if (turn->stack_ns >= ns) {
        turn->stack_ns -= ns;
    } else {
        turn->episode.stack = stack;
        turn->stack_ns = ns - turn->stack_ns;
    }
}

/* The turn goes on through a hold of the block. */
static void extend(struct gw_turn *turn, const struct gw_block *block, const struct gw_hold *hold)
{
    const struct gw_track *track = gw_block_track(block, hold->thread);
    const struct gw_run *runs = track ? &block->runs[track->first_run] : NULL;
    uint32_t n_runs = track ? track->n_runs : 0;

    turn->episode.ns += block->live_at[hold->end] - block->live_at[hold->begin];
    turn->broken |= !gw_block_whole(block, hold->begin, hold->end);
    for (uint32_t i = gw_block_find_run(runs, n_runs, hold->begin);
         i < n_runs && runs[i].begin < hold->end; i++) {
        uint32_t begin = runs[i].begin > hold->begin ? runs[i].begin : hold->begin;
        uint32_t end = runs[i].end < hold->end ? runs[i].end : hold->end;
        vote(turn, runs[i].stack, gw_block_weight(block, begin, end));
    }
}

/* Take what went on when the GIL's last block ended out of its place. It is over if nobody saw what
 * came after it. */
static struct gw_turn take_carried(struct gw_holds *holds, const struct gw_tables *tables,
                                   struct gw_holds_gil *gil, bool adjacent)
{
    struct gw_turn carried = gil->turn;

    gil->turn.serial = 0;
    if (carried.serial && !adjacent) {
        close_cut(holds, tables, &carried);
        carried.serial = 0;
    }
    return carried;
}

static void find_turns(struct gw_holds *holds, const struct gw_tables *tables,
                       const struct gw_block *block, const struct gw_holding *holding)
{
    struct gw_holds_gil *gil = &holds->gils[holding->gil];
    bool adjacent = gil->until_ns == block->start_ns;
    bool known = adjacent && gil->known;
    struct gw_turn carried = take_carried(holds, tables, gil, adjacent);
    struct gw_turn *turn = NULL;

    for (uint32_t i = holding->first_hold; i < holding->first_hold + holding->n_holds; i++) {
        const struct gw_hold *hold = &block->holds[i];
        holds->turn_of[i] = 0;
        if (hold->begin == hold->end)
            continue;
        if (carried.serial && hold->thread == carried.episode.thread)
            turn = add_turn(holds, &carried);
        else if (carried.serial)
            close_at(holds, tables, block, &carried, hold);
        carried.serial = 0;
        if (hold->kind != GW_BLAME_HELD)
            turn = NULL;
        else if (!turn || turn->episode.thread != hold->thread)
            turn = open_turn(holds, block, holding->gil, hold, known);
        if (turn) {
            holds->turn_of[i] = holds->n_turns;
            extend(turn, block, hold);
        }
        known = hold->kind != GW_BLAME_UNKNOWN;
    }
}

int gw_holds_begin(struct gw_holds *holds, const struct gw_tables *tables,
                   const struct gw_block *block)
{
    int rc = GW_GROW(holds, gils, tables->gils.n);

    if (rc == 0)
        rc = GW_GROW(holds, turns, block->n_holds);
    if (rc == 0)
        rc = GW_GROW(holds, turn_of, block->n_holds);
    if (rc < 0)
        return rc;
    holds->n_turns = 0;
    for (uint32_t i = 0; i < block->n_holdings; i++)
        find_turns(holds, tables, block, &block->holdings[i]);
    return 0;
}

void gw_holds_end(struct gw_holds *holds, const struct gw_tables *tables,
                  const struct gw_block *block)
{
    for (uint32_t i = 0; i < block->n_holdings; i++) {
        const struct gw_holding *holding = &block->holdings[i];
        struct gw_holds_gil *gil = &holds->gils[holding->gil];
        struct gw_turn *turn = NULL;
        for (uint32_t h = holding->first_hold; h < holding->first_hold + holding->n_holds; h++) {
            const struct gw_hold *hold = &block->holds[h];
            if (hold->begin == hold->end)
                continue;
            struct gw_turn *now = gw_holds_turn(holds, h);
            if (turn && turn != now)
                close_at(holds, tables, block, turn, hold);
            turn = now;
            gil->known = hold->kind != GW_BLAME_UNKNOWN;
        }
        gil->until_ns = block->end_ns;
        if (turn)
            gil->turn = *turn;
    }
}

/* Nothing ended these holds, so that they do not count among the reasons. */
void gw_holds_finish(struct gw_holds *holds)
{
    for (size_t i = 0; i < holds->cap_gils; i++) {
        struct gw_episode *episode = &holds->gils[i].turn.episode;
        if (holds->gils[i].turn.serial == 0)
            continue;
        episode->end = GW_HOLD_END_UNKNOWN;
        episode->cut = true;
        gw_episodes_add(holds->episodes, episode);
        holds->gils[i].turn.serial = 0;
    }
}

void gw_holds_fini(struct gw_holds *holds)
{
    free(holds->gils);
    free(holds->turns);
    free(holds->turn_of);
    *holds = (struct gw_holds){0};
}
