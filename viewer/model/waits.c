/* SPDX-License-Identifier: Apache-2.0 */
#include "model/waits.h"

#include <errno.h>
#include <stdlib.h>

#include "model/grow.h"
#include "model/holds.h"

/* One holder during one wait. */
struct wait_holder {
    uint32_t thread;
    uint32_t stack;      /* in its longest turn */
    uint64_t longest_ns; /* that turn's part of the wait */
    uint64_t ns;
};

struct gw_open_wait {
    struct gw_episode episode; /* as far as it has come */
    struct wait_holder holders[GW_MAX_EPISODE_HOLDERS];
    uint32_t n_holders;
    uint64_t nobody_ns, unknown_ns;
    struct gw_open_wait *next_spare;
};

/* A place for the holder, at the limit that of the one with the least. */
static struct wait_holder *find_holder(struct gw_open_wait *wait, uint32_t thread)
{
    struct wait_holder *least = &wait->holders[0];

    for (uint32_t i = 0; i < wait->n_holders; i++) {
        if (wait->holders[i].thread == thread)
            return &wait->holders[i];
        if (wait->holders[i].ns < least->ns)
            least = &wait->holders[i];
    }
    if (wait->n_holders < GW_MAX_EPISODE_HOLDERS)
        least = &wait->holders[wait->n_holders++];
    *least = (struct wait_holder){.thread = thread};
    return least;
}

static void add_holder(struct gw_open_wait *wait, const struct gw_turn *turn, uint64_t ns)
{
    struct wait_holder *holder = find_holder(wait, turn->episode.thread);

    holder->ns += ns;
    if (ns >= holder->longest_ns) {
        holder->longest_ns = ns;
        holder->stack = turn->episode.stack;
    }
}

/* What the wait is for the hold. */
static void add_waiter(struct gw_turn *turn, struct gw_waiter *waiter,
                       const struct gw_episode *wait, uint64_t ns, uint64_t first_ns)
{
    struct gw_episode *hold = &turn->episode;

    if (waiter->serial != turn->serial) {
        waiter->serial = turn->serial;
        waiter->turn_ns = 0;
        waiter->first_ns = first_ns;
        hold->n_others++;
    }
    waiter->turn_ns += ns;
    hold->others_ns += ns;
    if (waiter->turn_ns > hold->other_ns) {
        hold->other_ns = waiter->turn_ns;
        hold->other = wait->thread;
        hold->other_stack = wait->stack;
        hold->other_kind = GW_BLAME_HELD;
        turn->waited_first_ns = waiter->first_ns;
    }
}

/* Share a run of the wait out among the holds that it meets. */
static void charge(struct gw_waiter *waiter, struct gw_holds *holds, const struct gw_block *block,
                   const struct gw_run *run)
{
    struct gw_open_wait *wait = waiter->wait;
    uint32_t n_spans;
    const struct gw_span *spans = gw_holds_spans(holds, block, run->gil, &n_spans);

    for (uint32_t i = gw_holds_find_span(spans, n_spans, run->begin);
         i < n_spans && spans[i].begin < run->end; i++) {
        uint32_t begin = spans[i].begin > run->begin ? spans[i].begin : run->begin;
        uint32_t end = spans[i].end < run->end ? spans[i].end : run->end;
        uint64_t ns = gw_block_weight(block, begin, end);
        struct gw_turn *turn = gw_holds_turn(holds, &spans[i]);
        if (turn && turn->episode.thread != wait->episode.thread) {
            add_holder(wait, turn, ns);
            add_waiter(turn, waiter, &wait->episode, ns, gw_block_weight(block, begin, begin + 1));
        } else if (spans[i].kind == GW_BLAME_HANDOFF) {
            wait->nobody_ns += ns;
        } else {
            wait->unknown_ns += ns;
        }
    }
}

/* Who had the GIL for the largest part of it. */
static void settle(struct gw_open_wait *wait)
{
    struct gw_episode *episode = &wait->episode;

    episode->n_others = wait->n_holders;
    episode->other = GW_NO_THREAD;
    episode->other_kind = wait->nobody_ns > wait->unknown_ns ? GW_BLAME_HANDOFF : GW_BLAME_UNKNOWN;
    episode->other_ns = wait->nobody_ns > wait->unknown_ns ? wait->nobody_ns : wait->unknown_ns;
    for (uint32_t i = 0; i < wait->n_holders; i++) {
        const struct wait_holder *holder = &wait->holders[i];
        if (holder->ns < episode->other_ns ||
            (holder->ns == episode->other_ns && episode->other != GW_NO_THREAD))
            continue;
        episode->other_kind = GW_BLAME_HELD;
        episode->other = holder->thread;
        episode->other_stack = holder->stack;
        episode->other_ns = holder->ns;
    }
}

static void close_wait(struct gw_waits *waits, const struct gw_tables *tables,
                       struct gw_waiter *waiter, bool cut)
{
    struct gw_open_wait *wait = waiter->wait;

    if (!wait)
        return;
    settle(wait);
    wait->episode.cut |= cut;
    struct gw_model_thread *thread = gw_tables_thread(tables, wait->episode.thread);
    thread->n_waits++;
    if (!thread->hidden)
        gw_episodes_add(waits->episodes, &wait->episode);
    waiter->wait = NULL;
    wait->next_spare = waits->spare;
    waits->spare = wait;
}

/* The wait was over at the beginning of a run that is not part of it. */
static void close_before(struct gw_waits *waits, const struct gw_tables *tables,
                         const struct gw_block *block, struct gw_waiter *waiter,
                         const struct gw_run *run)
{
    uint64_t next_ns = gw_block_weight(block, run->begin, run->begin + 1);

    if (!waiter->wait)
        return;
    if (next_ns > waiter->wait->episode.uncertainty_ns)
        waiter->wait->episode.uncertainty_ns = next_ns;
    close_wait(waits, tables, waiter,
               run->state == GW_STATE_UNKNOWN ||
                   !gw_block_whole(block, run->begin, run->begin + 1));
}

static int open_wait(struct gw_waits *waits, const struct gw_block *block, uint32_t thread,
                     const struct gw_run *run)
{
    struct gw_waiter *waiter = &waits->waiters[thread];
    struct gw_open_wait *wait = waits->spare;

    if (wait)
        waits->spare = wait->next_spare;
    else
        wait = malloc(sizeof *wait);
    if (!wait)
        return -ENOMEM;
    *wait = (struct gw_open_wait){
        .episode = {.thread = thread,
                    .stack = run->stack,
                    .gil = run->gil,
                    .cut = !waiter->known,
                    .begin_ns = block->from_ns[run->begin],
                    .uncertainty_ns = gw_block_weight(block, run->begin, run->begin + 1)}};
    waiter->wait = wait;
    return 0;
}

/* A stack of no frames may be one that could not be read, and goes with any. */
static bool goes_on(const struct gw_open_wait *wait, const struct gw_run *run)
{
    uint32_t stack = wait->episode.stack;

    return gw_state_wants_gil(run->state) && run->gil == wait->episode.gil &&
           (run->stack == stack || run->stack == 0 || stack == 0);
}

static int follow_run(struct gw_waits *waits, struct gw_holds *holds,
                      const struct gw_tables *tables, const struct gw_block *block, uint32_t thread,
                      const struct gw_run *run)
{
    struct gw_waiter *waiter = &waits->waiters[thread];
    int rc = 0;

    if (run->state == GW_STATE_STOPPED) {
        if (waiter->wait)
            waiter->wait->episode.cut = true;
        waiter->known = false;
        return 0;
    }
    if (waiter->wait && !goes_on(waiter->wait, run))
        close_before(waits, tables, block, waiter, run);
    if (gw_state_wants_gil(run->state) && !waiter->wait)
        rc = open_wait(waits, block, thread, run);
    if (rc == 0 && waiter->wait) {
        struct gw_episode *episode = &waiter->wait->episode;
        if (episode->stack == 0)
            episode->stack = run->stack;
        episode->ns += gw_block_weight(block, run->begin, run->end);
        episode->cut |= !gw_block_whole(block, run->begin, run->end);
        charge(waiter, holds, block, run);
    }
    waiter->known = run->state != GW_STATE_UNKNOWN;
    return rc;
}

static int follow_track(struct gw_waits *waits, struct gw_holds *holds,
                        const struct gw_tables *tables, const struct gw_block *block,
                        const struct gw_track *track)
{
    struct gw_waiter *waiter = &waits->waiters[track->thread];
    const struct gw_run *runs = &block->runs[track->first_run];
    uint32_t end = track->n_runs > 0 ? runs[track->n_runs - 1].end : 0;
    int rc = 0;

    if (waiter->until_ns != block->start_ns || track->n_runs == 0 || runs[0].begin > 0) {
        close_wait(waits, tables, waiter, true);
        waiter->known = false;
    }
    for (uint32_t i = 0; rc == 0 && i < track->n_runs; i++)
        rc = follow_run(waits, holds, tables, block, track->thread, &runs[i]);
    if (end < block->n_ticks)
        close_wait(waits, tables, waiter, true);
    waiter->until_ns = end < block->n_ticks ? 0 : block->end_ns;
    return rc;
}

/* Threads that are not in this block any more are not followed further. */
static void close_lost(struct gw_waits *waits, const struct gw_tables *tables,
                       const struct gw_block *block)
{
    struct gw_waits_process *process = &waits->processes[block->process];

    for (uint32_t i = 0; i < process->n_threads; i++)
        if (!gw_block_track(block, process->threads[i]))
            close_wait(waits, tables, &waits->waiters[process->threads[i]], true);
    process->n_threads = 0;
}

static int remember_open(struct gw_waits *waits, const struct gw_block *block)
{
    struct gw_waits_process *process = &waits->processes[block->process];
    int rc = GW_GROW(process, threads, block->n_tracks);

    for (uint32_t i = 0; rc == 0 && i < block->n_tracks; i++)
        if (waits->waiters[block->tracks[i].thread].wait)
            process->threads[process->n_threads++] = block->tracks[i].thread;
    return rc;
}

bool gw_waits_going_on(const struct gw_waits *waits, uint32_t thread, uint64_t start_ns,
                       uint32_t *gil)
{
    if (thread >= waits->cap_waiters || !waits->waiters[thread].wait ||
        waits->waiters[thread].until_ns != start_ns)
        return false;
    *gil = waits->waiters[thread].wait->episode.gil;
    return true;
}

int gw_waits_block(struct gw_waits *waits, struct gw_holds *holds, const struct gw_tables *tables,
                   const struct gw_block *block)
{
    int rc = GW_GROW(waits, waiters, tables->threads.n);

    if (rc == 0)
        rc = GW_GROW(waits, processes, tables->processes.n);
    if (rc == 0)
        close_lost(waits, tables, block);
    for (uint32_t i = 0; rc == 0 && i < block->n_tracks; i++)
        rc = follow_track(waits, holds, tables, block, &block->tracks[i]);
    return rc < 0 ? rc : remember_open(waits, block);
}

void gw_waits_finish(struct gw_waits *waits, const struct gw_tables *tables)
{
    for (size_t i = 0; i < waits->cap_waiters; i++)
        close_wait(waits, tables, &waits->waiters[i], true);
}

void gw_waits_fini(struct gw_waits *waits)
{
    for (size_t i = 0; i < waits->cap_waiters; i++)
        free(waits->waiters[i].wait);
    while (waits->spare) {
        struct gw_open_wait *spare = waits->spare;
        waits->spare = spare->next_spare;
        free(spare);
    }
    for (size_t i = 0; i < waits->cap_processes; i++)
        free(waits->processes[i].threads);
    free(waits->waiters);
    free(waits->processes);
    *waits = (struct gw_waits){0};
}
