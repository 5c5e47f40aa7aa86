/* SPDX-License-Identifier: Apache-2.0 */
#include "report_parts.h"

#include "base/columns.h"
#include "cell.h"
#include "model/label.h"
#include "native_holds.h"
#include "number.h"

#define HELD_WIDTH 18u

static void put_head(const struct gw_report *report, const struct gw_native_holds *holds)
{
    struct gw_cell cell;

    gw_report_heading(report, "C functions that hold the GIL");
    if (gw_cell_begin(&cell)) {
        fputs("Told by stopping threads for an instant: ", cell.file);
        gw_number_count(cell.file, holds->stops);
        fputs(
            " times while they held it (± is what so few can tell); and without a stop where they "
            "slept with it.",
            cell.file);
        if (holds->unseen_ns) {
            fputs(" Of ", cell.file);
            gw_number_seconds(cell.file, holds->held_ns);
            putc(' ', cell.file);
            gw_number_seconds(cell.file, holds->unseen_ns);
            fputs(" were in code in which no stop found them.", cell.file);
        }
    }
    gw_columns_wrap(report->out, gw_cell_text(&cell), 0, 0, GW_REPORT_COLUMNS);
    gw_cell_end(&cell);
    gw_report_style(report, GW_REPORT_DIM);
    fprintf(report->out, "%*s%*s%*s  %s\n", (int)HELD_WIDTH, "held", (int)GW_CELL_SHARE, "",
            (int)GW_CELL_NUMBER, "others wait", "function [object], in the call of Python code");
    gw_report_style(report, GW_REPORT_PLAIN);
}

static void put_held(FILE *out, const struct gw_native_hold *row)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell)) {
        gw_number_seconds(cell.file, row->ns);
        if (row->margin_ns)
            fprintf(cell.file, " ±%.3f", (double)row->margin_ns / 1e9);
    }
    gw_columns_put_right(out, gw_cell_text(&cell), HELD_WIDTH);
    gw_cell_end(&cell);
}

static void put_row(const struct gw_report *report, const struct gw_native_holds *holds,
                    const struct gw_native_hold *row)
{
    const struct gw_model *model = report->model;
    const size_t at = HELD_WIDTH + GW_CELL_SHARE + GW_CELL_NUMBER + 3;
    struct gw_cell cell;

    put_held(report->out, row);
    gw_cell_share(report->out, gw_share(row->ns, holds->held_ns));
    gw_cell_seconds(report->out, row->wait_ns);
    fputs("   ", report->out);
    if (gw_cell_begin(&cell)) {
        gw_label_function(cell.file, model, row->function, NULL);
        fputs(", in ", cell.file);
        gw_label_function(cell.file, model, row->call, NULL);
    }
    gw_report_line(report, &cell, at);
}

bool gw_report_native(const struct gw_report *report)
{
    struct gw_native_holds *holds = gw_native_holds_new(report->model);

    if (!holds)
        return false;
    if (holds->n > 0) {
        put_head(report, holds);
        for (size_t i = 0; i < gw_report_shown(report, holds->n); i++)
            put_row(report, holds, &holds->rows[i]);
        gw_report_more(report, holds->n, 0);
    }
    gw_native_holds_free(holds);
    return true;
}
