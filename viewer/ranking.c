/* SPDX-License-Identifier: Apache-2.0 */
#include "ranking.h"

#include <stddef.h>
#include <stdlib.h>

#include "model/rows.h"

/* qsort(3) gives its comparison no context, so what threads are compared by goes with them. */
struct thread_key {
    uint32_t row;
    uint64_t wait_ns, wall_ns;
};

static int descending(uint64_t a, uint64_t b)
{
    return a < b ? 1 : a > b ? -1 : 0;
}

static int ascending(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b ? 1 : 0;
}

static int compare_threads(const void *left, const void *right)
{
    const struct thread_key *a = left, *b = right;
    int order = descending(a->wait_ns, b->wait_ns);

    if (order == 0)
        order = descending(a->wall_ns, b->wall_ns);
    return order ? order : ascending(a->row, b->row);
}

static int compare_sides(const struct gw_ranking_side *a, const struct gw_ranking_side *b)
{
    int order = ascending(a->thread, b->thread);

    if (order == 0)
        order = ascending(a->function, b->function);
    if (order == 0)
        order = ascending(a->line, b->line);
    return order ? order : ascending(a->c_function, b->c_function);
}

static int compare_blame(const void *left, const void *right)
{
    const struct gw_ranking_blame *a = left, *b = right;
    int order = descending(a->ns, b->ns);

    if (order == 0)
        order = compare_sides(&a->waiter, &b->waiter);
    if (order == 0)
        order = compare_sides(&a->holder, &b->holder);
    return order ? order : ascending(a->kind, b->kind);
}

static int compare_functions(const void *left, const void *right)
{
    const struct gw_ranking_function *a = left, *b = right;
    int order = descending(a->self_ns, b->self_ns);

    if (order == 0)
        order = descending(a->total_ns, b->total_ns);
    return order ? order : ascending(a->function, b->function);
}

static bool rank_threads(struct gw_ranking *ranking, const struct gw_model *model)
{
    struct thread_key *keys = calloc(model->n_threads + 1, sizeof *keys);

    ranking->threads = calloc(model->n_threads + 1, sizeof *ranking->threads);
    if (keys && ranking->threads) {
        for (uint32_t i = 0; i < model->n_threads; i++)
            if (!model->threads[i].hidden)
                keys[ranking->n_threads++] =
                    (struct thread_key){.row = i,
                                        .wait_ns = model->threads[i].wait_ns,
                                        .wall_ns = model->threads[i].wall_ns};
        qsort(keys, ranking->n_threads, sizeof *keys, compare_threads);
        for (size_t i = 0; i < ranking->n_threads; i++)
            ranking->threads[i] = keys[i].row;
    }
    bool done = keys && ranking->threads;
    free(keys);
    return done;
}

static struct gw_ranking_side side_of(const struct gw_model *model, uint32_t thread, uint32_t stack)
{
    const struct gw_model_stack *leaf = gw_model_leaf(model, stack);

    return (struct gw_ranking_side){.thread = thread,
                                    .function = leaf->function,
                                    .line = leaf->line,
                                    .c_function = gw_model_c_function(model, stack)};
}

static bool rank_blame(struct gw_ranking *ranking, const struct gw_model *model)
{
    struct gw_rows rows = {.row_bytes = sizeof(struct gw_ranking_blame),
                           .key_bytes = offsetof(struct gw_ranking_blame, kind) + sizeof(uint32_t)};

    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        struct gw_ranking_blame key = {
            .waiter = side_of(model, pair->waiter, pair->waiter_stack),
            .holder = side_of(model, pair->holder, pair->holder_stack),
            .kind = pair->kind,
        };
        if (!gw_model_pair_shown(model, pair))
            continue;
        int64_t row = gw_rows_put(&rows, &key);
        if (row < 0) {
            gw_rows_fini(&rows);
            return false;
        }
        struct gw_ranking_blame *blame = gw_rows_at(&rows, (uint32_t)row);
        blame->ns += pair->ns;
    }
    ranking->n_blame = rows.n;
    ranking->blame = gw_rows_steal(&rows);
    if (ranking->n_blame)
        qsort(ranking->blame, ranking->n_blame, sizeof *ranking->blame, compare_blame);
    return true;
}

/* From the time spent in each stack to that of each function. `met` marks, function by function,
 * the last stack it was met in, so that recursion counts once. */
static void sum_functions(const struct gw_model *model, const uint64_t *stack_ns,
                          struct gw_ranking_function *sums, uint32_t *met)
{
    for (uint32_t i = 0; i < model->n_stacks; i++) {
        if (stack_ns[i] == 0)
            continue;
        sums[model->stacks[i].function].self_ns += stack_ns[i];
        uint32_t at = i;
        do {
            uint32_t function = model->stacks[at].function;
            if (met[function] != i + 1)
                sums[function].total_ns += stack_ns[i];
            met[function] = i + 1;
            at = model->stacks[at].parent;
        } while (at != 0);
    }
}

static bool rank_functions(const struct gw_model *model, const uint64_t *stack_ns,
                           struct gw_ranking_function **out, size_t *n_out)
{
    struct gw_ranking_function *sums = calloc(model->n_functions + 1, sizeof *sums);
    uint32_t *met = calloc(model->n_functions + 1, sizeof *met);
    size_t n = 0;

    if (sums && met) {
        sum_functions(model, stack_ns, sums, met);
        for (uint32_t i = 0; i < model->n_functions; i++) {
            sums[i].function = i;
            if (sums[i].total_ns)
                sums[n++] = sums[i];
        }
        qsort(sums, n, sizeof *sums, compare_functions);
    }
    *out = sums;
    *n_out = n;
    bool done = sums && met;
    free(met);
    return done;
}

static bool rank_suffered_and_caused(struct gw_ranking *ranking, const struct gw_model *model)
{
    uint64_t *suffered = calloc(model->n_stacks + 1, sizeof *suffered);
    uint64_t *caused = calloc(model->n_stacks + 1, sizeof *caused);
    bool done = suffered && caused;

    for (size_t i = 0; done && i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        if (gw_model_waiter_shown(model, pair))
            suffered[pair->waiter_stack] += pair->ns;
        if (pair->kind == GW_BLAME_HELD && gw_model_holder_shown(model, pair))
            caused[pair->holder_stack] += pair->ns;
        ranking->wait_ns += pair->ns;
    }
    done = done && rank_functions(model, suffered, &ranking->suffered, &ranking->n_suffered) &&
           rank_functions(model, caused, &ranking->caused, &ranking->n_caused);
    free(suffered);
    free(caused);
    return done;
}

struct gw_ranking *gw_ranking_new(const struct gw_model *model)
{
    struct gw_ranking *ranking = calloc(1, sizeof *ranking);

    if (ranking && rank_threads(ranking, model) && rank_blame(ranking, model) &&
        rank_suffered_and_caused(ranking, model))
        return ranking;
    gw_ranking_free(ranking);
    return NULL;
}

void gw_ranking_free(struct gw_ranking *ranking)
{
    if (!ranking)
        return;
    free(ranking->threads);
    free(ranking->blame);
    free(ranking->suffered);
    free(ranking->caused);
    free(ranking);
}
