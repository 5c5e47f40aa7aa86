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
                                      const struct gw_turn *turn, const struct gw_hold *next)
{
    const struct gw_episode *episode = &turn->episode;
    uint32_t tick = next->begin;
    const struct gw_run *run = gw_block_run_at(block, episode->thread, tick);

    return (struct gw_hold_evidence){
        .broken = turn->broken || !gw_block_whole(block, tick, tick + 1),
        .begin_seen = turn->begin_seen,
        .observed = run != NULL,
        .back = next->thread == episode->thread,
        .same_gil = run && run->gil == episode->gil,
        .in_c = run && gw_tables_ends_in_c(tables, run->stack),
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
    struct gw_model_thread *thread = gw_tables_thread(tables, episode->thread);

    thread->hold_ends.n[episode->end]++;
    thread->hold_ends.ns[episode->end] += episode->ns;
    if (!thread->hidden)
        gw_episodes_add(holds->episodes, episode);
}

/* The hold was over at a tick, at which `next` tells of the GIL. Where that does not say whose the
 * GIL was, the thread's own state may still tell that it was not its. */
static void close_at(struct gw_holds *holds, const struct gw_tables *tables,
                     const struct gw_block *block, struct gw_turn *turn, const struct gw_hold *next)
{
    struct gw_episode *episode = &turn->episode;
    struct gw_hold_evidence evidence = gather(tables, block, turn, next);
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

/* How far one GIL has been followed through the block. */
struct cursor {
    uint32_t gil;
    struct gw_turn carried; /* serial 0: none, or dealt with */
    struct gw_turn *turn;   /* NULL: no known thread holds the GIL */
    bool known;             /* it is known who did just before, if anybody */
};

/* One part of a hold, in which there is no hand-over but perhaps one before it. */
static void take_part(struct gw_holds *holds, const struct gw_tables *tables,
                      const struct gw_block *block, struct cursor *cursor,
                      const struct gw_hold *part, bool handed_over)
{
    bool held = part->kind == GW_BLAME_HELD;

    if (cursor->carried.serial && part->thread == cursor->carried.episode.thread && !handed_over)
        cursor->turn = add_turn(holds, &cursor->carried);
    else if (cursor->carried.serial)
        close_at(holds, tables, block, &cursor->carried, part);
    cursor->carried.serial = 0;
    if (!held)
        cursor->turn = NULL;
    else if (!cursor->turn || cursor->turn->episode.thread != part->thread || handed_over)
        cursor->turn = open_turn(holds, block, cursor->gil, part, cursor->known);
    if (held)
        extend(cursor->turn, block, part);
    holds->spans[holds->n_spans++] = (struct gw_span){.begin = part->begin,
                                                      .end = part->end,
                                                      .kind = part->kind,
                                                      .turn = held ? holds->n_turns : 0};
    cursor->known = part->kind != GW_BLAME_UNKNOWN;
}

static void find_turns(struct gw_holds *holds, const struct gw_tables *tables,
                       const struct gw_block *block, const struct gw_handovers *handovers,
                       uint32_t index)
{
    const struct gw_holding *holding = &block->holdings[index];
    struct gw_holds_gil *gil = &holds->gils[holding->gil];
    bool adjacent = gil->until_ns == block->start_ns;
    struct cursor cursor = {.gil = holding->gil,
                            .carried = take_carried(holds, tables, gil, adjacent),
                            .known = adjacent && gil->known};

    holds->ranges[index].first = holds->n_spans;
    for (uint32_t i = holding->first_hold; i < holding->first_hold + holding->n_holds; i++) {
        struct gw_hold part = block->holds[i];
        while (part.begin < block->holds[i].end) {
            bool handed_over = gw_handovers_at(handovers, index, part.begin);
            part.end = part.begin + 1;
            while (part.end < block->holds[i].end && !gw_handovers_at(handovers, index, part.end))
                part.end++;
            take_part(holds, tables, block, &cursor, &part, handed_over);
            part.begin = part.end;
        }
    }
    holds->ranges[index].n = holds->n_spans - holds->ranges[index].first;
}

int gw_holds_begin(struct gw_holds *holds, const struct gw_tables *tables,
                   const struct gw_block *block, const struct gw_handovers *handovers)
{
    int rc = GW_GROW(holds, gils, tables->gils.n);

    if (rc == 0)
        rc = GW_GROW(holds, turns, (size_t)block->n_holds + handovers->n);
    if (rc == 0)
        rc = GW_GROW(holds, spans, (size_t)block->n_holds + handovers->n);
    if (rc == 0)
        rc = GW_GROW(holds, ranges, block->n_holdings);
    if (rc < 0)
        return rc;
    holds->n_turns = 0;
    holds->n_spans = 0;
    for (uint32_t i = 0; i < block->n_holdings; i++)
        find_turns(holds, tables, block, handovers, i);
    return 0;
}

const struct gw_span *gw_holds_spans(const struct gw_holds *holds, const struct gw_block *block,
                                     uint32_t gil, uint32_t *n)
{
    const struct gw_holds_range *range =
        &holds->ranges[gw_block_holding(block, gil) - block->holdings];

    *n = range->n;
    return &holds->spans[range->first];
}

uint32_t gw_holds_find_span(const struct gw_span *spans, uint32_t n, uint32_t tick)
{
    uint32_t low = 0;

    while (n > 0) {
        uint32_t half = n / 2;
        if (spans[low + half].end <= tick) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

/* The part of a hold that a span is. */
static struct gw_hold part_of(const struct gw_holds *holds, const struct gw_span *span)
{
    const struct gw_turn *turn = gw_holds_turn(holds, span);

    return (struct gw_hold){.begin = span->begin,
                            .end = span->end,
                            .kind = span->kind,
                            .thread = turn ? turn->episode.thread : GW_NO_THREAD};
}

void gw_holds_end(struct gw_holds *holds, const struct gw_tables *tables,
                  const struct gw_block *block)
{
    for (uint32_t i = 0; i < block->n_holdings; i++) {
        struct gw_holds_gil *gil = &holds->gils[block->holdings[i].gil];
        const struct gw_span *spans = &holds->spans[holds->ranges[i].first];
        struct gw_turn *turn = NULL;
        for (uint32_t s = 0; s < holds->ranges[i].n; s++) {
            struct gw_hold part = part_of(holds, &spans[s]);
            if (turn && turn != gw_holds_turn(holds, &spans[s]))
                close_at(holds, tables, block, turn, &part);
            turn = gw_holds_turn(holds, &spans[s]);
            gil->known = part.kind != GW_BLAME_UNKNOWN;
        }
        gil->until_ns = block->end_ns;
        if (turn)
            gil->turn = *turn;
    }
}

/* Nothing ended these holds, so that they do not count among the reasons. */
void gw_holds_finish(struct gw_holds *holds, const struct gw_tables *tables)
{
    for (size_t i = 0; i < holds->cap_gils; i++) {
        struct gw_episode *episode = &holds->gils[i].turn.episode;
        if (holds->gils[i].turn.serial == 0)
            continue;
        episode->end = GW_HOLD_END_UNKNOWN;
        episode->cut = true;
        if (!gw_tables_thread(tables, episode->thread)->hidden)
            gw_episodes_add(holds->episodes, episode);
        holds->gils[i].turn.serial = 0;
    }
}

void gw_holds_fini(struct gw_holds *holds)
{
    free(holds->gils);
    free(holds->turns);
    free(holds->spans);
    free(holds->ranges);
    *holds = (struct gw_holds){0};
}
