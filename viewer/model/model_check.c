/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "model/model.h"

/* What the aggregates add up to, thread by thread and GIL by GIL. */
struct sums {
    uint64_t *pair_ns;     /* by thread */
    uint64_t *slice_ns;    /* by thread and state */
    uint64_t *gil_pair_ns; /* by GIL */
};

static int wrong(struct gw_diag *diag, const char *what, size_t row)
{
    gw_diag_why(diag, "row %zu", row);
    return gw_diag_what(diag, -GW_E_BAD_DATA, "%s", what);
}

static int check_trees(const struct gw_model *model, struct gw_diag *diag)
{
    uint32_t n_strings = gw_strtab_count(model->strings);

    for (size_t i = 0; i < model->n_functions; i++)
        if (model->functions[i].name >= n_strings || model->functions[i].file >= n_strings)
            return wrong(diag, "a function has no name", i);
    for (size_t i = 1; i < model->n_stacks; i++)
        if (model->stacks[i].parent >= i || model->stacks[i].function >= model->n_functions ||
            model->stacks[i].depth != model->stacks[model->stacks[i].parent].depth + 1)
            return wrong(diag, "a stack is no path to the root", i);
    for (size_t i = 0; i < model->n_threads; i++)
        if (model->threads[i].process >= model->n_processes || model->threads[i].name >= n_strings)
            return wrong(diag, "a thread has no process or name", i);
    for (size_t i = 0; i < model->n_natives; i++)
        if (model->natives[i].thread >= model->n_threads ||
            model->natives[i].stack >= model->n_stacks || model->natives[i].state >= GW_N_STATES)
            return wrong(diag, "what was seen of a thread in C points to nothing", i);
    return 0;
}

static int add_slices(const struct gw_model *model, struct sums *sums, struct gw_diag *diag)
{
    for (size_t i = 0; i < model->n_slices; i++) {
        const struct gw_model_slice *slice = &model->slices[i];
        if (slice->thread >= model->n_threads || slice->stack >= model->n_stacks ||
            slice->state >= GW_N_STATES)
            return wrong(diag, "a slice points to nothing", i);
        sums->slice_ns[slice->thread * (size_t)GW_N_STATES + slice->state] += slice->ns;
    }
    return 0;
}

static int add_pairs(const struct gw_model *model, struct sums *sums, struct gw_diag *diag)
{
    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        bool held = pair->kind == GW_BLAME_HELD;
        if (pair->waiter >= model->n_threads || pair->waiter_stack >= model->n_stacks ||
            pair->holder_stack >= model->n_stacks || pair->gil >= model->n_gils)
            return wrong(diag, "a pair points to nothing", i);
        if (held ? pair->holder >= model->n_threads || pair->holder == pair->waiter
                 : pair->holder != GW_NO_THREAD)
            return wrong(diag, "a pair has the wrong holder", i);
        sums->pair_ns[pair->waiter] += pair->ns;
        sums->gil_pair_ns[pair->gil] += pair->ns;
    }
    return 0;
}

static int check_threads(const struct gw_model *model, const struct sums *sums,
                         struct gw_diag *diag)
{
    for (size_t i = 0; i < model->n_threads; i++) {
        const struct gw_model_thread *thread = &model->threads[i];
        uint64_t wall = 0, wait = 0;
        for (unsigned state = 0; state < GW_N_STATES; state++) {
            if (sums->slice_ns[i * GW_N_STATES + state] != thread->state_ns[state])
                return wrong(diag, "the slices of a thread do not sum to its states", i);
            if (state != GW_STATE_STOPPED)
                wall += thread->state_ns[state];
            if (gw_state_wants_gil(state))
                wait += thread->state_ns[state];
        }
        if (wall != thread->wall_ns || wait != thread->wait_ns)
            return wrong(diag, "the states of a thread do not sum to its time", i);
        if (sums->pair_ns[i] != thread->wait_ns)
            return wrong(diag, "the blame of a thread does not sum to its wait", i);
    }
    return 0;
}

static int check_gils(const struct gw_model *model, const struct sums *sums, struct gw_diag *diag)
{
    for (size_t i = 0; i < model->n_gils; i++)
        if (sums->gil_pair_ns[i] != model->gils[i].wait_ns)
            return wrong(diag, "the blame of a GIL does not sum to the waits for it", i);
    return 0;
}

static int check_episodes(const struct gw_model *model, const struct gw_episodes *episodes,
                          struct gw_diag *diag)
{
    if (episodes->n_longest > GW_LONGEST_EPISODES || episodes->n_cut > episodes->n)
        return wrong(diag, "there are more single waits or holds than there can be", 0);
    for (uint32_t i = 0; i < episodes->n_longest; i++) {
        const struct gw_episode *episode = &episodes->longest[i];
        if (episode->thread >= model->n_threads || episode->stack >= model->n_stacks ||
            episode->other_stack >= model->n_stacks || episode->gil >= model->n_gils)
            return wrong(diag, "a single wait or hold points to nothing", i);
        if (episode->other_kind == GW_BLAME_HELD ? episode->other >= model->n_threads
                                                 : episode->other != GW_NO_THREAD)
            return wrong(diag, "a single wait or hold has the wrong other side", i);
        if (i > 0 && episode[-1].ns < episode->ns)
            return wrong(diag, "the longest waits or holds are out of order", i);
    }
    return 0;
}

int gw_model_check(const struct gw_model *model, struct gw_diag *diag)
{
    struct sums sums = {
        .pair_ns = calloc(model->n_threads + 1, sizeof(uint64_t)),
        .slice_ns = calloc(model->n_threads + 1, sizeof(uint64_t) * GW_N_STATES),
        .gil_pair_ns = calloc(model->n_gils + 1, sizeof(uint64_t)),
    };
    int rc = -ENOMEM;
    if (sums.pair_ns && sums.slice_ns && sums.gil_pair_ns)
        rc = check_trees(model, diag);
    if (rc == 0)
        rc = add_slices(model, &sums, diag);
    if (rc == 0)
        rc = add_pairs(model, &sums, diag);
    if (rc == 0)
        rc = check_threads(model, &sums, diag);
    if (rc == 0)
        rc = check_gils(model, &sums, diag);
    if (rc == 0)
        rc = check_episodes(model, &model->waits, diag);
    if (rc == 0)
        rc = check_episodes(model, &model->holds, diag);
    free(sums.pair_ns);
    free(sums.slice_ns);
    free(sums.gil_pair_ns);
    return rc;
}
