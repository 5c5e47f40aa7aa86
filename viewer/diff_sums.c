/* SPDX-License-Identifier: Apache-2.0 */
#include "diff_sums.h"

#include <errno.h>

#include "diff_labels.h"
#include "model/estimate.h"
#include "thread_groups.h"

#define Z_95 1.96
#define RULE_OF_THREE 3.0

/* What is summed into what. */
struct sums {
    struct gw_diff *diff;
    struct gw_rows *tables;
    const struct gw_model *model;
    unsigned side;
    struct gw_diff_labels labels;
    struct gw_rows parts; /* of struct part */
    struct gw_thread_groups *groups;
};

/* The wait of one thread that counts for one row. */
struct part {
    uint32_t table, label, waiter;
    uint32_t function;
    uint64_t ns;
};
#define PART_KEY_BYTES (3 * sizeof(uint32_t))

/* The row of a label in a table; NULL and *rc when that failed. Valid until the next one. */
static struct gw_diff_row *row_of(struct sums *sums, enum gw_diff_table table, uint32_t label,
                                  int *rc)
{
    int64_t row = gw_rows_put(&sums->tables[table], &label);

    *rc = row < 0 ? (int)row : 0;
    return row < 0 ? NULL : gw_rows_at(&sums->tables[table], (uint32_t)row);
}

/* --- groups of threads -------------------------------------------------------------------------
 */

static struct gw_figure wait_of(const struct gw_model *model, const uint32_t *rows, size_t n)
{
    struct gw_estimate estimate = gw_estimate_group(model, rows, n);

    return (struct gw_figure){.value = (double)estimate.wait_ns,
                              .margin = gw_estimate_margin(&estimate) * (double)estimate.wall_ns};
}

static void add_cpu(struct sums *sums, struct gw_diff_row *row, const struct gw_thread_group *group)
{
    for (size_t i = 0; i < group->n; i++) {
        const struct gw_model_thread *thread = &sums->model->threads[group->rows[i]];
        row->side[sums->side].value += (double)thread->cpu_ns;
        row->unknown |= !thread->exact;
    }
}

static int add_group(struct sums *sums, const struct gw_thread_group *group)
{
    static const enum gw_diff_table tables[] = {GW_DIFF_GIL_WAIT, GW_DIFF_CAUSED, GW_DIFF_CPU};
    int rc = 0;

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct gw_diff_row *row =
            row_of(sums, tables[i], sums->labels.threads[group->rows[0]], &rc);
        if (!row)
            return rc;
        row->n_threads[sums->side] += group->n;
        if (tables[i] == GW_DIFF_GIL_WAIT) {
            struct gw_figure wait = wait_of(sums->model, group->rows, group->n);
            row->side[sums->side].value += wait.value;
            row->side[sums->side].margin += wait.margin;
        } else if (tables[i] == GW_DIFF_CPU) {
            add_cpu(sums, row, group);
        }
    }
    return rc;
}

static int add_groups(struct sums *sums)
{
    const struct gw_thread_groups *groups = sums->groups;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < groups->n; i++) {
        rc = add_group(sums, &groups->groups[i]);
        sums->diff->n_threads[sums->side] += groups->groups[i].n;
    }
    sums->diff->total.side[sums->side] =
        wait_of(sums->model, groups->rows, sums->diff->n_threads[sums->side]);
    return rc;
}

/* --- blame ---------------------------------------------------------------------------------------
 */

static int add_part(struct sums *sums, const struct part *part)
{
    int64_t row = gw_rows_put(&sums->parts, part);

    if (row < 0)
        return (int)row;
    struct part *found = gw_rows_at(&sums->parts, (uint32_t)row);
    found->function = part->function;
    found->ns += part->ns;
    return 0;
}

static int add_function(struct sums *sums, enum gw_diff_table table, uint32_t stack,
                        const struct gw_model_pair *pair)
{
    uint32_t function = sums->model->stacks[stack].function;
    const struct part part = {.table = table,
                              .label = sums->labels.functions[function],
                              .waiter = pair->waiter,
                              .function = function,
                              .ns = pair->ns};

    return add_part(sums, &part);
}

static int add_pair(struct sums *sums, const struct gw_model_pair *pair)
{
    struct part caused = {.table = GW_DIFF_CAUSED,
                          .label = pair->kind == GW_BLAME_HANDOFF ? sums->labels.nobody
                                                                  : sums->labels.not_known,
                          .waiter = pair->waiter,
                          .ns = pair->ns};
    int rc = add_function(sums, GW_DIFF_SUFFERED, pair->waiter_stack, pair);

    if (rc == 0 && pair->kind == GW_BLAME_HELD) {
        caused.label = sums->labels.threads[pair->holder];
        rc = add_function(sums, GW_DIFF_CAUSED_BY, pair->holder_stack, pair);
    }
    return rc < 0 ? rc : add_part(sums, &caused);
}

/* At most; see diff.h. */
static double margin_of(const struct gw_model *model, const struct part *part)
{
    const struct gw_model_thread *waiter = &model->threads[part->waiter];
    double ns = (double)part->ns;
    double doubt = waiter->wait_ns ? waiter->wait_doubt_ns * ns / (double)waiter->wait_ns : 0;

    return hypot(Z_95 * sqrt(ns * (double)model->tick_ns), doubt);
}

static int add_blame(struct sums *sums)
{
    const struct gw_model *model = sums->model;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < model->n_pairs; i++)
        rc = add_pair(sums, &model->pairs[i]);
    for (uint32_t i = 0; rc == 0 && i < sums->parts.n; i++) {
        const struct part *part = gw_rows_at(&sums->parts, i);
        struct gw_diff_row *row = row_of(sums, part->table, part->label, &rc);
        if (!row)
            continue;
        row->side[sums->side].value += (double)part->ns;
        row->side[sums->side].margin += margin_of(model, part);
        row->function[sums->side] = part->function;
    }
    return rc;
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static void scale(struct gw_figure *figure, bool sampled, const struct gw_model *model, double ns)
{
    if (sampled && figure->value <= 0 && figure->margin <= 0)
        figure->margin = RULE_OF_THREE * (double)model->tick_ns;
    figure->value /= ns;
    figure->margin /= ns;
}

void gw_diff_sums_scale(struct gw_diff *diff, const struct gw_model *model, unsigned side)
{
    double ns = diff->looked_ns[side] ? (double)diff->looked_ns[side] : 1;

    scale(&diff->total.side[side], true, model, ns);
    for (unsigned table = 0; table < GW_N_DIFF_TABLES; table++)
        for (size_t i = 0; i < diff->tables[table].n; i++)
            scale(&diff->tables[table].rows[i].side[side], gw_diff_tables[table].sampled, model,
                  ns);
}

int gw_diff_sums(struct gw_diff *diff, struct gw_rows tables[GW_N_DIFF_TABLES],
                 const struct gw_model *model, unsigned side)
{
    struct sums sums = {
        .diff = diff,
        .tables = tables,
        .model = model,
        .side = side,
        .parts = {.row_bytes = sizeof(struct part), .key_bytes = PART_KEY_BYTES},
        .groups = gw_thread_groups_new(model, false),
    };
    int rc = gw_diff_labels_init(&sums.labels, diff->labels, model);

    for (size_t i = 0; i < model->n_processes; i++)
        if (model->processes[i].live_ns > diff->looked_ns[side])
            diff->looked_ns[side] = model->processes[i].live_ns;
    if (rc == 0 && !sums.groups)
        rc = -ENOMEM;
    if (rc == 0)
        rc = add_groups(&sums);
    if (rc == 0)
        rc = add_blame(&sums);
    gw_rows_fini(&sums.parts);
    gw_thread_groups_free(sums.groups);
    gw_diff_labels_fini(&sums.labels);
    return rc;
}
