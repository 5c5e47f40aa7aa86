/* SPDX-License-Identifier: Apache-2.0 */
#include "html_fold.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* What the graphs of the page can be drawn of. */
enum metric { WAIT, BLAME, HOLDING, CPU, WALL, N_METRICS };

/* Time with a stack or one that begins with it. */
struct weight {
    uint64_t ns[N_METRICS];
};

static void add_slice(struct weight *weight, const struct gw_model_slice *slice)
{
    bool on_cpu = slice->state == GW_STATE_GIL_RUNNING || slice->state == GW_STATE_NATIVE ||
                  slice->state == GW_STATE_PYTHON_RUNNING;

    weight->ns[WAIT] += gw_state_wants_gil(slice->state) ? slice->ns : 0;
    weight->ns[HOLDING] += gw_state_holds_gil(slice->state) ? slice->ns : 0;
    weight->ns[CPU] += on_cpu ? slice->ns : 0;
    weight->ns[WALL] += slice->ns;
}

/* Parents have smaller rows than their children; the whole ends up in row 0. */
static void weigh(struct weight *weights, const struct gw_model *model)
{
    for (size_t i = 0; i < model->n_slices; i++)
        if (!model->threads[model->slices[i].thread].hidden)
            add_slice(&weights[model->slices[i].stack], &model->slices[i]);
    for (size_t i = 0; i < model->n_pairs; i++)
        if (gw_model_pair_shown(model, &model->pairs[i]))
            weights[model->pairs[i].holder_stack].ns[BLAME] += model->pairs[i].ns;
    for (size_t i = model->n_stacks; i-- > 1;)
        for (unsigned metric = 0; metric < N_METRICS; metric++)
            weights[model->stacks[i].parent].ns[metric] += weights[i].ns[metric];
}

static bool worth_seeing(const struct weight *weight, const struct weight *whole, double share)
{
    for (unsigned metric = 0; metric < N_METRICS; metric++)
        if (weight->ns[metric] > 0 &&
            (double)weight->ns[metric] >= share * (double)whole->ns[metric])
            return true;
    return false;
}

/* A stack weighs no more than its parent, so what is kept has all its callers. */
static size_t count_kept(const struct weight *weights, size_t n, double share)
{
    size_t kept = 1;

    for (size_t i = 1; i < n; i++)
        kept += worth_seeing(&weights[i], &weights[0], share);
    return kept;
}

static uint32_t append(struct gw_html_fold *fold, uint32_t parent, uint32_t function, uint32_t line)
{
    fold->stacks[fold->n] =
        (struct gw_html_stack){.parent = parent, .function = function, .line = line};
    return (uint32_t)fold->n++;
}

/* `small` is the row of what was folded on top of each row, 0 as long as nothing was. */
static void fill(struct gw_html_fold *fold, const struct gw_model *model,
                 const struct weight *weights, uint32_t *small)
{
    append(fold, 0, 0, 0);
    for (size_t i = 1; i < model->n_stacks; i++) {
        const struct gw_model_stack *stack = &model->stacks[i];
        uint32_t parent = fold->row[stack->parent];
        if (worth_seeing(&weights[i], &weights[0], fold->share)) {
            fold->row[i] = append(fold, parent, stack->function, stack->line);
        } else if (parent != 0 && fold->stacks[parent].function == GW_HTML_SMALL) {
            fold->row[i] = parent;
        } else {
            if (small[parent] == 0)
                small[parent] = append(fold, parent, GW_HTML_SMALL, 0);
            fold->row[i] = small[parent];
        }
    }
}

int gw_html_fold_make(struct gw_html_fold *fold, const struct gw_model *model, double share,
                      size_t max)
{
    GW_AUTO_FREE struct weight *weights = calloc(model->n_stacks, sizeof *weights);

    if (!weights)
        return -ENOMEM;
    weigh(weights, model);
    size_t kept = count_kept(weights, model->n_stacks, share);
    for (; kept > max && share < 1.0; kept = count_kept(weights, model->n_stacks, share))
        share *= 2;
    fold->share = share;
    fold->row = calloc(model->n_stacks, sizeof *fold->row);
    fold->stacks = calloc(2 * kept, sizeof *fold->stacks); /* each with one that is small */
    GW_AUTO_FREE uint32_t *small = calloc(2 * kept, sizeof *small);
    if (!fold->row || !fold->stacks || !small)
        return -ENOMEM;
    fill(fold, model, weights, small);
    return 0;
}

void gw_html_fold_fini(struct gw_html_fold *fold)
{
    free(fold->row);
    free(fold->stacks);
    *fold = (struct gw_html_fold){0};
}
