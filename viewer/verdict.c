/* SPDX-License-Identifier: Apache-2.0 */
#include "verdict.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "idle_place.h"
#include "number.h"

/* From this part of the GIL wait on, what the holder did meanwhile is the finding. */
#define MOST_OF_WAIT 0.5
/* Queued for a CPU for this part of the time in which a CPU was wanted, and of the window. */
#define STARVED_OF_RUNNABLE 0.3
#define STARVED_OF_WINDOW 0.1
/* A thread that wants a CPU for this share of its time keeps it busy; all threads on a CPU for this
 * share of what all CPUs have keep them busy. */
#define BUSY 0.8
/* Less than this share of one thread's time spent on anything at all is idleness. */
#define SOMETHING 0.05
/* Shares of the time not spent idle. */
#define MUCH_LOCK 0.3
#define MUCH_IO 0.5

const char *gw_finding_name(enum gw_finding finding)
{
    static const char *const names[] = {
#define GW_FINDING_NAME(name, text) [GW_FINDING_##name] = text,
        GW_FINDING_LIST(GW_FINDING_NAME)
#undef GW_FINDING_NAME
    };
    return names[finding];
}

bool gw_finding_is_gil(enum gw_finding finding)
{
    return finding == GW_FINDING_BLOCKED_HOLDER || finding == GW_FINDING_UNTOLD ||
           finding == GW_FINDING_IN_TURN || finding == GW_FINDING_CONVOY ||
           finding == GW_FINDING_CULPRIT;
}

bool gw_verdict_has_bound(const struct gw_verdict *verdict)
{
    switch (verdict->finding) {
    case GW_FINDING_NOTHING:
    case GW_FINDING_NO_GIL:
    case GW_FINDING_BLOCKED_HOLDER:
    case GW_FINDING_STARVED:
        return false;
    case GW_FINDING_UNTOLD:
    case GW_FINDING_IN_TURN:
    case GW_FINDING_CONVOY:
    case GW_FINDING_CULPRIT:
    case GW_FINDING_ALL_CPUS:
    case GW_FINDING_HOT_THREAD:
    case GW_FINDING_IDLE:
    case GW_FINDING_LOCK:
    case GW_FINDING_IO:
    case GW_FINDING_INNOCENT:
        break;
    }
    return verdict->bound.cpus > 0;
}

static bool is_part(uint64_t part, double share, uint64_t whole)
{
    return part > 0 && (double)part >= share * (double)whole;
}

static uint64_t queued_ns(const struct gw_model_thread *thread)
{
    if (thread->exact)
        return thread->run_queue_ns;
    return thread->state_ns[GW_STATE_GIL_QUEUED] + thread->state_ns[GW_STATE_GIL_HANDOFF] +
           thread->state_ns[GW_STATE_CPU_WAIT];
}

static void sum_threads(struct gw_verdict *verdict, const struct gw_model *model)
{
    for (uint32_t i = 0; i < model->n_threads; i++) {
        const struct gw_model_thread *thread = &model->threads[i];
        uint64_t cpu_ns = gw_bound_cpu_ns(thread);
        double share = fmin(1, gw_share(cpu_ns + queued_ns(thread), thread->wall_ns));

        verdict->wall_ns += thread->wall_ns;
        verdict->cpu_ns += cpu_ns;
        verdict->run_queue_ns += queued_ns(thread);
        for (unsigned state = 0; state < GW_N_STATES; state++)
            verdict->state_ns[state] += thread->state_ns[state];
        /* A thread that was there for a moment keeps no CPU busy. */
        if (share > verdict->hot_share && is_part(thread->wall_ns, 0.5, verdict->window_ns)) {
            verdict->hot_share = share;
            verdict->hot_thread = i;
        }
    }
}

/* What the holders did while those who lose time waited for them. */
static void sum_waits(struct gw_verdict *verdict, const struct gw_model *model,
                      const struct gw_losses *losses)
{
    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        if (!losses->suffers[pair->waiter])
            continue;
        if (pair->kind == GW_BLAME_HANDOFF)
            verdict->handoff_ns += pair->ns;
        else
            verdict->behind_ns[pair->holder_state] += pair->ns;
    }
}

static enum gw_finding judge_gil(const struct gw_verdict *verdict, const struct gw_losses *losses)
{
    uint64_t wait_ns = losses->estimate.wait_ns;
    uint64_t starved_ns = verdict->behind_ns[GW_STATE_GIL_QUEUED] + verdict->handoff_ns;

    if (is_part(verdict->behind_ns[GW_STATE_GIL_BLOCKED], MOST_OF_WAIT, wait_ns))
        return GW_FINDING_BLOCKED_HOLDER;
    if (is_part(starved_ns, MOST_OF_WAIT, wait_ns))
        return GW_FINDING_STARVED;
    if (losses->n_holders == 0)
        return GW_FINDING_UNTOLD;
    if (losses->kind == GW_LOSSES_IN_TURN)
        return GW_FINDING_IN_TURN;
    return verdict->latency.convoy ? GW_FINDING_CONVOY : GW_FINDING_CULPRIT;
}

static enum gw_finding judge_others(const struct gw_verdict *verdict, const struct gw_model *model)
{
    uint64_t lock_ns = verdict->state_ns[GW_STATE_LOCK_WAIT] - verdict->workless_ns;
    uint64_t active_ns =
        verdict->wall_ns - verdict->workless_ns - verdict->state_ns[GW_STATE_SLEEP];
    uint64_t runnable_ns = verdict->cpu_ns + verdict->run_queue_ns;

    if (model->cpus > 1 && is_part(verdict->cpu_ns, BUSY, model->cpus * verdict->window_ns))
        return GW_FINDING_ALL_CPUS;
    if (is_part(verdict->run_queue_ns, STARVED_OF_RUNNABLE, runnable_ns) &&
        is_part(verdict->run_queue_ns, STARVED_OF_WINDOW, verdict->window_ns))
        return GW_FINDING_STARVED;
    if (verdict->hot_share >= BUSY)
        return GW_FINDING_HOT_THREAD;
    if (!is_part(active_ns, SOMETHING, verdict->window_ns))
        return GW_FINDING_IDLE;
    if (is_part(lock_ns, MUCH_LOCK, active_ns))
        return GW_FINDING_LOCK;
    if (is_part(verdict->state_ns[GW_STATE_IO_WAIT], MUCH_IO, active_ns))
        return GW_FINDING_IO;
    return GW_FINDING_INNOCENT;
}

static enum gw_finding judge(const struct gw_verdict *verdict, const struct gw_model *model,
                             const struct gw_losses *losses)
{
    switch (losses->kind) {
    case GW_LOSSES_NOTHING:
        return GW_FINDING_NOTHING;
    case GW_LOSSES_NO_GIL:
        return GW_FINDING_NO_GIL;
    case GW_LOSSES_INNOCENT:
        return judge_others(verdict, model);
    case GW_LOSSES_CULPRIT:
    case GW_LOSSES_IN_TURN:
        break;
    }
    return judge_gil(verdict, losses);
}

/* Where threads are in a state that the finding is about: by stack. */
static bool sum_slices(const struct gw_verdict *verdict, const struct gw_model *model,
                       uint64_t *stack_ns)
{
    unsigned state = verdict->finding == GW_FINDING_LOCK ? GW_STATE_LOCK_WAIT : GW_STATE_IO_WAIT;

    if (verdict->finding != GW_FINDING_LOCK && verdict->finding != GW_FINDING_IO)
        return false;
    for (size_t i = 0; i < model->n_slices; i++) {
        const struct gw_model_slice *slice = &model->slices[i];
        if (slice->state == state &&
            (state != GW_STATE_LOCK_WAIT || !gw_idle_place(model, slice->stack)))
            stack_ns[slice->stack] += slice->ns;
    }
    return true;
}

/* Where a thread sleeps with the GIL while those who lose time wait for it. */
static void sum_sleeps(const struct gw_model *model, const struct gw_losses *losses,
                       uint64_t *stack_ns)
{
    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        if (losses->suffers[pair->waiter] && pair->holder_state == GW_STATE_GIL_BLOCKED)
            stack_ns[pair->holder_stack] += pair->ns;
    }
}

static int find_place(struct gw_verdict *verdict, const struct gw_model *model,
                      const struct gw_losses *losses)
{
    uint64_t *stack_ns = calloc(model->n_stacks + 1, sizeof *stack_ns);

    if (!stack_ns)
        return -ENOMEM;
    verdict->place = losses->place;
    if (verdict->finding == GW_FINDING_BLOCKED_HOLDER) {
        sum_sleeps(model, losses, stack_ns);
        verdict->place = gw_place_of(model, stack_ns);
    } else if (sum_slices(verdict, model, stack_ns)) {
        verdict->place = gw_place_of(model, stack_ns);
    }
    free(stack_ns);
    return 0;
}

int gw_verdict_find(const struct gw_model *model, const struct gw_losses *losses,
                    struct gw_verdict *out)
{
    *out = (struct gw_verdict){.window_ns = gw_bound_window_ns(model),
                               .hot_thread = GW_NO_THREAD,
                               .latency = gw_latency_find(model, losses),
                               .bound = gw_bound_find(model)};
    sum_threads(out, model);
    for (size_t i = 0; i < model->n_slices; i++)
        if (model->slices[i].state == GW_STATE_LOCK_WAIT &&
            gw_idle_place(model, model->slices[i].stack))
            out->workless_ns += model->slices[i].ns;
    sum_waits(out, model, losses);
    out->finding = judge(out, model, losses);
    return find_place(out, model, losses);
}
