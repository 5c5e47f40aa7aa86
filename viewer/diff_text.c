/* SPDX-License-Identifier: Apache-2.0 */
#include "diff_text.h"

#include "base/columns.h"
#include "cell.h"
#include "model/label.h"
#include "number.h"
#include "report_parts.h"

#define MS 1000.0
/* A value, right-aligned, and what is behind it, left-aligned: " ±12.3". */
#define VALUE_WIDTH 8u
#define MARGIN_WIDTH 7u
#define SIDE_WIDTH (VALUE_WIDTH + MARGIN_WIDTH)
#define MARK_WIDTH 3u
#define LABEL_AT (GW_N_DIFF_SIDES * SIDE_WIDTH + SIDE_WIDTH + MARK_WIDTH)

/* As many decimals as mean something. */
static int decimals_of(struct gw_figure figure)
{
    return figure.margin > 0 ? figure.margin * MS < 9.95 : fabs(figure.value) * MS < 99.95;
}

/* "412"; with its sign "+4.1". */
static void put_value(FILE *out, struct gw_figure figure, bool sign)
{
    int decimals = decimals_of(figure);
    double ms = figure.value * MS;

    if (fabs(ms) < (decimals ? 0.05 : 0.5))
        fprintf(out, "%.*f", decimals, 0.0); /* not "-0.0" */
    else
        fprintf(out, sign ? "%+.*f" : "%.*f", decimals, ms);
}

/* " ±12", " ±0.3"; nothing if it is exact. A margin that rounds to nothing is printed as the least
 * there is. */
static void put_margin(FILE *out, struct gw_figure figure)
{
    if (figure.margin > 0)
        fprintf(out, " ±%.*f", decimals_of(figure), fmax(figure.margin * MS, 0.1));
}

static void put_figure_cells(FILE *out, struct gw_figure figure, bool sign)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        put_value(cell.file, figure, sign);
    gw_columns_put_right(out, gw_cell_text(&cell), VALUE_WIDTH);
    gw_cell_end(&cell);
    if (gw_cell_begin(&cell))
        put_margin(cell.file, figure);
    gw_columns_put(out, gw_cell_text(&cell), MARGIN_WIDTH);
    gw_cell_end(&cell);
}

static void put_threads(FILE *out, const struct gw_diff_row *row)
{
    size_t before = row->n_threads[GW_DIFF_BEFORE], after = row->n_threads[GW_DIFF_AFTER];

    if (before == after && before <= 1)
        return;
    fputs(" (", out);
    gw_number_count(out, before);
    if (before != after) {
        fputs(" → ", out);
        gw_number_count(out, after);
    }
    fputs(after == 1 ? " thread)" : " threads)", out);
}

static void put_row(const struct gw_report *report, const struct gw_diff *diff,
                    enum gw_diff_table table, const struct gw_diff_row *row)
{
    const struct gw_figure change = {row->change.difference, row->change.margin};
    bool group = row->n_threads[GW_DIFF_BEFORE] || row->n_threads[GW_DIFF_AFTER];
    struct gw_cell cell;

    for (unsigned side = 0; side < GW_N_DIFF_SIDES; side++) {
        if (group && row->n_threads[side] == 0)
            fprintf(report->out, "%*s%*s", (int)VALUE_WIDTH, "-", (int)MARGIN_WIDTH, "");
        else
            put_figure_cells(report->out, row->side[side], false);
    }
    put_figure_cells(report->out, change, true);
    fputs(row->significant ? "*  " : "   ", report->out);
    if (gw_cell_begin(&cell)) {
        fputs(gw_diff_label(diff, row), cell.file);
        if (!gw_diff_tables[table].functions)
            put_threads(cell.file, row);
    }
    gw_columns_wrap(report->out, gw_cell_text(&cell), LABEL_AT, LABEL_AT + 2, GW_REPORT_COLUMNS);
    gw_cell_end(&cell);
}

static void put_table(const struct gw_report *report, const struct gw_diff *diff,
                      enum gw_diff_table table)
{
    const struct gw_diff_list *list = &diff->tables[table];
    size_t top = report->options->top, shown = top && top < list->n ? top : list->n;
    FILE *out = report->out;

    if (list->n == 0)
        return;
    gw_report_heading(report, gw_diff_tables[table].heading);
    gw_report_style(report, GW_REPORT_DIM);
    fprintf(out, "%*s%*s%*s\n", (int)VALUE_WIDTH, "before", (int)SIDE_WIDTH, "after",
            (int)SIDE_WIDTH, "change");
    gw_report_style(report, GW_REPORT_PLAIN);
    for (size_t i = 0; i < shown; i++)
        put_row(report, diff, table, &list->rows[i]);
    if (shown < list->n) {
        fputs("... and ", out);
        gw_number_count(out, list->n - shown);
        fputs(" more (--top 0 shows all)\n", out);
    }
}

/* "Before: Python 3.12.1, 10.00 s recorded, 12 threads (old.gilwait)" */
static void put_side(FILE *out, const char *when, const struct gw_diff *diff,
                     const struct gw_likeness_side *side, unsigned which)
{
    const struct gw_model_process *target = gw_model_target(side->model);
    const char *python = target ? gw_model_text(side->model, target->python) : "";
    size_t indent = gw_columns_width(when);
    struct gw_cell cell;

    fputs(when, out);
    if (gw_cell_begin(&cell)) {
        if (*python) {
            fputs("Python ", cell.file);
            gw_label_text(cell.file, python, NULL);
            fputs(", ", cell.file);
        }
        gw_number_seconds(cell.file, diff->looked_ns[which]);
        fputs(" recorded, ", cell.file);
        gw_number_count(cell.file, diff->n_threads[which]);
        fputs(diff->n_threads[which] == 1 ? " thread (" : " threads (", cell.file);
        gw_label_text(cell.file, side->path, NULL);
        putc(')', cell.file);
    }
    gw_columns_wrap(out, gw_cell_text(&cell), indent, indent, GW_REPORT_COLUMNS);
    gw_cell_end(&cell);
}

void gw_diff_sentence(const struct gw_diff *diff, FILE *out)
{
    const struct gw_diff_row *total = &diff->total;

    fputs("GIL wait of all threads: ", out);
    for (unsigned side = 0; side < GW_N_DIFF_SIDES; side++) {
        fputs(side == GW_DIFF_BEFORE ? "" : " → ", out);
        put_value(out, total->side[side], false);
        put_margin(out, total->side[side]);
    }
    fprintf(out, " ms per second, %s",
            !total->significant            ? "no significant change"
            : total->change.difference > 0 ? "significantly more"
                                           : "significantly less");
}

static void put_total(const struct gw_report *report, const struct gw_diff *diff)
{
    putc('\n', report->out);
    gw_report_style(report, GW_REPORT_BOLD);
    gw_diff_sentence(diff, report->out);
    putc('\n', report->out);
    gw_report_style(report, GW_REPORT_PLAIN);
}

void gw_diff_text(const struct gw_diff *diff, const struct gw_likeness_side sides[GW_N_DIFF_SIDES],
                  const struct gw_report_options *options, FILE *out)
{
    const struct gw_report report = {.options = options, .out = out};

    put_side(out, "Before: ", diff, &sides[GW_DIFF_BEFORE], GW_DIFF_BEFORE);
    put_side(out, "After:  ", diff, &sides[GW_DIFF_AFTER], GW_DIFF_AFTER);
    put_total(&report, diff);
    fputs(
        "\nAll figures: milliseconds per second of recording, all threads of a name together. CPU "
        "time is\n"
        "exact. * more than the 95 % intervals (±) of both explain; that the load differed is not "
        "in them.\n",
        out);
    for (unsigned table = 0; table < GW_N_DIFF_TABLES; table++)
        put_table(&report, diff, table);
}
