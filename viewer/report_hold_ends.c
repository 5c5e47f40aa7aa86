/* SPDX-License-Identifier: Apache-2.0 */
#include "report_parts.h"

#include <stdlib.h>

#include "base/columns.h"
#include "cell.h"
#include "number.h"

#define COUNT_WIDTH 9u

static void put_count_cell(FILE *out, uint64_t n)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        gw_number_count(cell.file, n);
    gw_columns_put_right(out, gw_cell_text(&cell), COUNT_WIDTH);
    gw_cell_end(&cell);
}

static void put_mean_cell(FILE *out, uint64_t ns, uint64_t n)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell)) {
        if (n)
            gw_number_length(cell.file, ns / n);
        else
            putc('-', cell.file);
    }
    gw_columns_put_right(out, gw_cell_text(&cell), GW_CELL_NUMBER);
    gw_cell_end(&cell);
}

/* For each reason but `unknown` the count, its share and the mean length; then the unknown. */
static void put_ends(FILE *out, const struct gw_hold_ends *ends)
{
    uint64_t n = gw_hold_ends_count(ends);

    for (unsigned end = 0; end < GW_HOLD_END_UNKNOWN; end++) {
        put_count_cell(out, ends->n[end]);
        gw_cell_share(out, gw_share(ends->n[end], n));
        put_mean_cell(out, ends->ns[end], ends->n[end]);
    }
    put_count_cell(out, ends->n[GW_HOLD_END_UNKNOWN]);
    putc('\n', out);
}

struct row {
    uint32_t thread;
    uint64_t n;
};

/* Most ends first, then as in the capture. */
static int compare_rows(const void *a, const void *b)
{
    const struct row *left = a, *right = b;

    if (left->n != right->n)
        return left->n < right->n ? 1 : -1;
    return left->thread < right->thread ? -1 : left->thread > right->thread;
}

static size_t rank(const struct gw_model *model, struct row *rows)
{
    size_t n = 0;

    for (size_t i = 0; i < model->n_threads; i++) {
        uint64_t ends = gw_hold_ends_count(&model->threads[i].hold_ends);
        if (ends && !model->threads[i].hidden)
            rows[n++] = (struct row){.thread = (uint32_t)i, .n = ends};
    }
    qsort(rows, n, sizeof *rows, compare_rows);
    return n;
}

static void put_head(const struct gw_report *report)
{
    gw_report_heading(report, "Why holds of the GIL ended");
    gw_columns_wrap(report->out,
                    "forced: another thread had waited for the switch interval; released: for a "
                    "call, or because the thread ended. Mean: length of these holds.",
                    0, 0, GW_REPORT_COLUMNS);
    gw_report_style(report, GW_REPORT_DIM);
    fprintf(report->out, "%-*s%*s%*s%*s%*s%*s%*s%*s\n", (int)GW_REPORT_THREAD_COLUMNS, "thread",
            (int)COUNT_WIDTH, "forced", (int)GW_CELL_SHARE, "", (int)GW_CELL_NUMBER, "mean",
            (int)COUNT_WIDTH, "released", (int)GW_CELL_SHARE, "", (int)GW_CELL_NUMBER, "mean",
            (int)COUNT_WIDTH, "unknown");
    gw_report_style(report, GW_REPORT_PLAIN);
}

void gw_report_hold_ends(const struct gw_report *report)
{
    const struct gw_model *model = report->model;
    struct gw_hold_ends all = gw_model_hold_ends(model);
    struct row *rows = calloc(model->n_threads + 1, sizeof *rows);
    size_t n = rows ? rank(model, rows) : 0;
    size_t top = gw_report_shown(report, n);

    if (gw_hold_ends_count(&all) > 0) {
        put_head(report);
        for (size_t i = 0; i < top; i++) {
            gw_report_thread_name(report, rows[i].thread);
            put_ends(report->out, &model->threads[rows[i].thread].hold_ends);
        }
        gw_columns_put(report->out, gw_model_filtered(model) ? "these threads" : "all threads",
                       GW_REPORT_THREAD_COLUMNS);
        put_ends(report->out, &all);
    }
    free(rows);
}
