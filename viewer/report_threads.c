/* SPDX-License-Identifier: Apache-2.0 */
#include "report_parts.h"

#include "base/columns.h"
#include "cell.h"
#include "model/estimate.h"
#include "model/label.h"
#include "number.h"

/* Name and number take the same room, GW_REPORT_THREAD_COLUMNS, with and without the pid. */
#define NAME_WIDTH 26u
#define TID_WIDTH 9u
#define MANY_NAME_WIDTH 19u
#define MANY_TID_WIDTH 16u
#define RANGE_WIDTH 15u
#define INDENT 4u

/* "39.1–42.9 %" */
static void put_range_cell(FILE *out, const struct gw_estimate *estimate)
{
    struct gw_cell cell;
    double wall = estimate->wall_ns ? (double)estimate->wall_ns : 1;

    if (gw_cell_begin(&cell))
        fprintf(cell.file, "%.1f–%.1f %%", 100 * estimate->low_ns / wall,
                100 * estimate->high_ns / wall);
    gw_columns_put_right(out, gw_cell_text(&cell), RANGE_WIDTH);
    gw_cell_end(&cell);
}

static unsigned name_width(const struct gw_report *report)
{
    return report->many_processes ? MANY_NAME_WIDTH : NAME_WIDTH;
}

void gw_report_thread_name(const struct gw_report *report, uint32_t row)
{
    const struct gw_model_thread *thread = &report->model->threads[row];
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        gw_label_thread(cell.file, report->model, row, NULL);
    gw_columns_put(report->out, gw_cell_text(&cell), name_width(report));
    gw_cell_end(&cell);

    if (gw_cell_begin(&cell)) {
        if (report->many_processes)
            fprintf(cell.file, "%u/", report->model->processes[thread->process].pid);
        fprintf(cell.file, "%u", thread->tid);
    }
    gw_columns_put_right(report->out, gw_cell_text(&cell),
                         report->many_processes ? MANY_TID_WIDTH : TID_WIDTH);
    gw_cell_end(&cell);
}

/* The states with time in them, the largest first. */
static size_t rank_states(const struct gw_model_thread *thread, unsigned *states)
{
    size_t n = 0;

    for (unsigned state = 0; state < GW_N_STATES; state++) {
        if (thread->state_ns[state] == 0)
            continue;
        size_t at = n++;
        for (; at > 0 && thread->state_ns[states[at - 1]] < thread->state_ns[state]; at--)
            states[at] = states[at - 1];
        states[at] = state;
    }
    return n;
}

/* "io-wait 55 % 5.52 s, gil-wait 41 % 4.10 s". Time stopped is no part of the observed time. */
static void put_states(const struct gw_report *report, const struct gw_model_thread *thread)
{
    unsigned states[GW_N_STATES];
    size_t n = rank_states(thread, states);
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        for (size_t i = 0; i < n; i++) {
            uint64_t ns = thread->state_ns[states[i]];
            fprintf(cell.file, "%s%s ", i ? ", " : "", gw_state_name(states[i]));
            if (states[i] != GW_STATE_STOPPED) {
                gw_number_percent(cell.file, gw_share(ns, thread->wall_ns));
                putc(' ', cell.file);
            }
            gw_number_seconds(cell.file, ns);
        }
    gw_report_style(report, GW_REPORT_DIM);
    fprintf(report->out, "%*s", (int)INDENT, "");
    gw_columns_wrap(report->out, gw_cell_text(&cell), INDENT, INDENT, GW_REPORT_COLUMNS);
    gw_report_style(report, GW_REPORT_PLAIN);
    gw_cell_end(&cell);
}

static void put_thread(const struct gw_report *report, uint32_t row)
{
    const struct gw_model_thread *thread = &report->model->threads[row];
    struct gw_estimate estimate = gw_estimate_thread(thread);
    FILE *out = report->out;

    gw_report_thread_name(report, row);
    gw_cell_seconds(out, thread->wait_ns);
    gw_cell_share(out, gw_estimate_share(&estimate));
    put_range_cell(out, &estimate);
    if (thread->exact) {
        gw_cell_seconds(out, thread->cpu_ns);
        gw_cell_seconds(out, thread->run_queue_ns);
    } else {
        fprintf(out, "%*s%*s", (int)GW_CELL_NUMBER, "-", (int)GW_CELL_NUMBER, "-");
    }
    gw_cell_seconds(out, thread->wall_ns);
    putc('\n', out);
    put_states(report, thread);
}

/* Why there are none of the exact times, which do not come from ticks. */
static void put_inexact(const struct gw_report *report)
{
    const struct gw_model *model = report->model;
    bool missing = false;

    for (size_t i = 0; i < model->n_threads; i++)
        missing |=
            model->threads[i].wall_ns > 0 && !model->threads[i].exact && !model->threads[i].hidden;
    if (missing && model->part.blocks_cut)
        gw_columns_wrap(
            report->out,
            "On CPU and run queue: the capture has them about once a second, so they are "
            "not known (-) of threads that ran in a second which this part cuts.",
            0, 0, GW_REPORT_COLUMNS);
}

void gw_report_threads(const struct gw_report *report)
{
    unsigned tid_width = report->many_processes ? MANY_TID_WIDTH : TID_WIDTH;

    gw_report_heading(report, "Threads, most GIL wait first");
    gw_report_style(report, GW_REPORT_DIM);
    fprintf(report->out, "%-*s%*s%*s%*s%*s%*s%*s\n", (int)name_width(report), "thread",
            (int)tid_width, report->many_processes ? "pid/tid" : "tid",
            (int)(GW_CELL_NUMBER + GW_CELL_SHARE), "GIL wait", (int)RANGE_WIDTH, "95 % interval",
            (int)GW_CELL_NUMBER, "on CPU", (int)GW_CELL_NUMBER, "run queue", (int)GW_CELL_NUMBER,
            "observed");
    gw_report_style(report, GW_REPORT_PLAIN);
    for (size_t i = 0; i < report->ranking->n_threads; i++)
        if (report->model->threads[report->ranking->threads[i]].wall_ns > 0)
            put_thread(report, report->ranking->threads[i]);
    put_inexact(report);
}
