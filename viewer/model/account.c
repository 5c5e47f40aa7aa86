/* SPDX-License-Identifier: Apache-2.0 */
#include "model/account.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "model/grow.h"
#include "model/natives.h"

static int add_slice(struct gw_tables *tables, uint32_t thread, struct gw_run *run, uint64_t weight)
{
    struct gw_model_slice key = {
        .thread = thread, .stack = run->stack, .gil = run->gil, .state = run->state};
    int64_t row = gw_rows_put(&tables->slices, &key);

    if (row < 0)
        return (int)row;
    struct gw_model_slice *slice = gw_rows_at(&tables->slices, (uint32_t)row);
    slice->ns += weight;
    slice->ticks += run->end - run->begin;
    run->slice = (uint32_t)row;
    return run->native == run->stack ? 0 : gw_natives_add_run(tables, thread, run, weight);
}

static void add_to_thread(struct gw_tables *tables, struct gw_model_thread *thread,
                          const struct gw_run *run, uint64_t weight)
{
    thread->state_ns[run->state] += weight;
    if (run->state == GW_STATE_STOPPED)
        return;
    thread->wall_ns += weight;
    thread->ticks += run->end - run->begin;
    if (gw_state_wants_gil(run->state)) {
        thread->wait_ns += weight;
        gw_tables_gil(tables, run->gil)->wait_ns += weight;
    }
}

static void follow_waits(struct gw_wait_runs *runs, const struct gw_block *block,
                         const struct gw_run *run)
{
    if (run->state == GW_STATE_STOPPED)
        gw_wait_runs_break(runs);
    else
        gw_wait_runs_add(runs, gw_state_wants_gil(run->state), run->end - run->begin,
                         gw_block_weight(block, run->begin, run->begin + 1));
}

/* The kernel's figures are as of the end of a block, or of the thread. So how much of what came
 * with a block belongs to some of its ticks only is not known, unless nothing came. */
static void take_exact(struct gw_account_thread *memory, struct gw_model_thread *thread,
                       const struct gw_track *track)
{
    uint64_t cpu_ns = memory->base_cpu_ns, queue_ns = memory->base_queue_ns;

    if (track->cut && (track->message->cpu_ns != cpu_ns + thread->cpu_ns ||
                       track->message->run_queue_ns != queue_ns + thread->run_queue_ns))
        memory->inexact = true;
    if (track->message->cpu_ns < cpu_ns || track->message->run_queue_ns < queue_ns)
        memory->inexact = true;
    thread->exact = !memory->inexact;
    thread->cpu_ns = thread->exact ? track->message->cpu_ns - cpu_ns : 0;
    thread->run_queue_ns = thread->exact ? track->message->run_queue_ns - queue_ns : 0;
}

static int add_track(struct gw_account *account, struct gw_tables *tables,
                     const struct gw_block *block, const struct gw_track *track)
{
    struct gw_account_thread *memory = &account->threads[track->thread];
    struct gw_model_thread *thread = gw_tables_thread(tables, track->thread);
    struct gw_run *runs = track->n_runs ? &block->runs[track->first_run] : NULL;
    int rc = 0;

    if (memory->until_ns != block->start_ns || track->n_runs == 0 || runs[0].begin > 0)
        gw_wait_runs_break(&memory->runs);
    for (uint32_t i = 0; rc == 0 && i < track->n_runs; i++) {
        uint64_t weight = gw_block_weight(block, runs[i].begin, runs[i].end);
        add_to_thread(tables, thread, &runs[i], weight);
        follow_waits(&memory->runs, block, &runs[i]);
        rc = add_slice(tables, track->thread, &runs[i], weight);
    }
    bool to_the_end = track->n_runs > 0 && runs[track->n_runs - 1].end == block->n_ticks;
    memory->until_ns = to_the_end ? block->end_ns : 0;
    if (track->message->exact)
        take_exact(memory, thread, track);
    return rc;
}

/* Time in which the process was stopped counts for no GIL. */
static void add_holding(struct gw_tables *tables, const struct gw_block *block,
                        const struct gw_holding *holding)
{
    struct gw_model_gil *gil = gw_tables_gil(tables, holding->gil);

    for (uint32_t i = 0; i < holding->n_holds; i++) {
        const struct gw_hold *hold = &block->holds[holding->first_hold + i];
        uint64_t ns = block->live_at[hold->end] - block->live_at[hold->begin];
        if (hold->kind == GW_BLAME_HELD)
            gil->held_ns += ns;
        else if (hold->kind == GW_BLAME_HANDOFF)
            gil->free_ns += ns;
        else
            gil->unknown_ns += ns;
    }
    if (holding->message) {
        gil->switches += gw_block_share(block, holding->message->switches);
        if (holding->message->switch_interval_us)
            gil->switch_interval_us = holding->message->switch_interval_us;
    }
}

int gw_account_before(struct gw_account *account, const struct gw_tables *tables,
                      const struct gw_block *block, uint32_t end)
{
    int rc = GW_GROW(account, threads, tables->threads.n);

    for (uint32_t i = 0; rc == 0 && i < block->n_tracks; i++) {
        const struct gw_track *track = &block->tracks[i];
        struct gw_account_thread *memory = &account->threads[track->thread];
        if (track->n_runs > 0 && block->runs[track->first_run + track->n_runs - 1].end > end)
            continue; /* it goes on in the part */
        memory->inexact = !track->message->exact;
        memory->base_cpu_ns = track->message->cpu_ns;
        memory->base_queue_ns = track->message->run_queue_ns;
    }
    return rc;
}

int gw_account_block(struct gw_account *account, struct gw_tables *tables, struct gw_block *block)
{
    int rc = GW_GROW(account, threads, tables->threads.n);
    if (rc == 0)
        rc = GW_GROW(account, until_ns, tables->processes.n);
    if (rc < 0)
        return rc;
    if (block->start_ns < account->until_ns[block->process])
        return -GW_E_BAD_DATA;
    account->until_ns[block->process] = block->end_ns;

    struct gw_model_process *process = gw_tables_process(tables, block->process);
    process->ticks += block->n_ticks;
    process->live_ns += block->live_at[block->n_ticks];
    for (uint32_t i = 0; rc == 0 && i < block->n_tracks; i++)
        rc = add_track(account, tables, block, &block->tracks[i]);
    for (uint32_t i = 0; i < block->n_holdings; i++)
        add_holding(tables, block, &block->holdings[i]);
    return rc;
}

void gw_account_finish(struct gw_account *account, struct gw_tables *tables)
{
    size_t n = account->cap_threads < tables->threads.n ? account->cap_threads : tables->threads.n;

    for (size_t i = 0; i < n; i++) {
        gw_wait_runs_break(&account->threads[i].runs);
        gw_tables_thread(tables, (uint32_t)i)->wait_variance = account->threads[i].runs.variance;
    }
}

void gw_account_fini(struct gw_account *account)
{
    free(account->threads);
    free(account->until_ns);
    *account = (struct gw_account){0};
}
