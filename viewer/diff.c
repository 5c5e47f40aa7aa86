/* SPDX-License-Identifier: Apache-2.0 */
#include "diff.h"

#include <stdlib.h>

#include "diff_sums.h"

const struct gw_diff_table_info gw_diff_tables[GW_N_DIFF_TABLES] = {
#define GW_DIFF_INFO(name, json_key, text, by_function, is_sampled)                                \
    [GW_DIFF_##name] = {                                                                           \
        .key = json_key, .heading = text, .functions = by_function, .sampled = is_sampled},
    GW_DIFF_TABLE_LIST(GW_DIFF_INFO)
#undef GW_DIFF_INFO
};

static int compare_rows(const void *left, const void *right)
{
    const struct gw_diff_row *a = left, *b = right;
    double a_size = fabs(a->change.difference), b_size = fabs(b->change.difference);

    if (a->significant != b->significant)
        return a->significant ? -1 : 1;
    if (a_size < b_size || a_size > b_size)
        return a_size > b_size ? -1 : 1;
    return (a->label > b->label) - (a->label < b->label);
}

static void judge(struct gw_diff_row *row, bool sampled)
{
    row->change = gw_change_of(row->side[GW_DIFF_BEFORE], row->side[GW_DIFF_AFTER]);
    row->significant = sampled && gw_change_significant(&row->change);
}

static bool says_something(const struct gw_diff_row *row)
{
    return !row->unknown &&
           (row->side[GW_DIFF_BEFORE].value > 0 || row->side[GW_DIFF_AFTER].value > 0);
}

static void finish_table(struct gw_diff_list *list, bool sampled)
{
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++) {
        judge(&list->rows[i], sampled);
        if (says_something(&list->rows[i]))
            list->rows[n++] = list->rows[i];
    }
    list->n = n;
    if (n)
        qsort(list->rows, n, sizeof *list->rows, compare_rows);
}

/* Both sides summed, rows by rows of tables; false when that failed. */
static bool sum_both(struct gw_diff *diff, const struct gw_model *const models[GW_N_DIFF_SIDES])
{
    struct gw_rows tables[GW_N_DIFF_TABLES] = {0};
    int rc = 0;

    for (unsigned table = 0; table < GW_N_DIFF_TABLES; table++) {
        tables[table].row_bytes = sizeof(struct gw_diff_row);
        tables[table].key_bytes = sizeof(uint32_t);
    }
    for (unsigned side = 0; rc == 0 && side < GW_N_DIFF_SIDES; side++)
        rc = gw_diff_sums(diff, tables, models[side], side);
    for (unsigned table = 0; table < GW_N_DIFF_TABLES; table++) {
        if (rc == 0) {
            diff->tables[table].n = tables[table].n;
            diff->tables[table].rows = gw_rows_steal(&tables[table]);
        } else {
            gw_rows_fini(&tables[table]);
        }
    }
    return rc == 0;
}

struct gw_diff *gw_diff_new(const struct gw_model *before, const struct gw_model *after)
{
    const struct gw_model *const models[GW_N_DIFF_SIDES] = {before, after};
    struct gw_diff *diff = calloc(1, sizeof *diff);

    if (diff)
        diff->labels = gw_strtab_new();
    if (!diff || !diff->labels || !sum_both(diff, models)) {
        gw_diff_free(diff);
        return NULL;
    }
    for (unsigned side = 0; side < GW_N_DIFF_SIDES; side++)
        gw_diff_sums_scale(diff, models[side], side);
    judge(&diff->total, true);
    for (unsigned table = 0; table < GW_N_DIFF_TABLES; table++)
        finish_table(&diff->tables[table], gw_diff_tables[table].sampled);
    return diff;
}

void gw_diff_free(struct gw_diff *diff)
{
    if (!diff)
        return;
    for (unsigned table = 0; table < GW_N_DIFF_TABLES; table++)
        free(diff->tables[table].rows);
    gw_strtab_free(diff->labels);
    free(diff);
}
