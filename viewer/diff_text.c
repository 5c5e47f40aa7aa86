/* SPDX-License-Identifier: Apache-2.0 */
#include "diff_text.h"

#include "cell.h"
#include "columns.h"
#include "model/label.h"
#include "number.h"
#include "report_parts.h"

#define MS 1000.0
#define SIDE_WIDTH 13u
#define CHANGE_WIDTH 15u
#define MARK_WIDTH 4u
#define LABEL_AT (2u * SIDE_WIDTH + CHANGE_WIDTH + MARK_WIDTH)

/* "412 ±12", "4.1 ±0.3", "+4.1 ±0.3"; without the interval where it is exact. A margin that rounds
 * to nothing is printed as the least there is. */
static void put_ms(FILE *out, double value, double margin, bool sign)
{
    double ms = value * MS;
    int decimals = fabs(ms) < 99.95 ? 1 : 0;
    double least = decimals ? 0.1 : 1;

    if (sign && fabs(ms) < least / 2)
        ms = 0; /* not "-0.0" */
    fprintf(out, sign && ms != 0 ? "%+.*f" : "%.*f", decimals, ms);
    if (margin > 0)
        fprintf(out, " ±%.*f", decimals, fmax(margin * MS, least));
}

static void put_figure_cell(FILE *out, double value, double margin, bool sign, unsigned width)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        put_ms(cell.file, value, margin, sign);
    gw_columns_put_right(out, gw_cell_text(&cell), width);
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
    bool group = row->n_threads[GW_DIFF_BEFORE] || row->n_threads[GW_DIFF_AFTER];
    struct gw_cell cell;

    for (unsigned side = 0; side < GW_N_DIFF_SIDES; side++) {
        if (group && row->n_threads[side] == 0)
            gw_columns_put_right(report->out, "-", SIDE_WIDTH);
        else
            put_figure_cell(report->out, row->side[side].value, row->side[side].margin, false,
                            SIDE_WIDTH);
    }
    put_figure_cell(report->out, row->change.difference, row->change.margin, true, CHANGE_WIDTH);
    fprintf(report->out, "%*s", (int)MARK_WIDTH, row->significant ? " *  " : "");
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
    gw_columns_put_right(out, "before", SIDE_WIDTH);
    gw_columns_put_right(out, "after", SIDE_WIDTH);
    gw_columns_put_right(out, "change", CHANGE_WIDTH);
    putc('\n', out);
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

    fputs(when, out);
    if (*python) {
        fputs("Python ", out);
        gw_label_text(out, python, NULL);
        fputs(", ", out);
    }
    gw_number_seconds(out, diff->looked_ns[which]);
    fputs(" recorded, ", out);
    gw_number_count(out, diff->n_threads[which]);
    fputs(diff->n_threads[which] == 1 ? " thread (" : " threads (", out);
    gw_label_text(out, side->path, NULL);
    fputs(")\n", out);
}

/* "GIL wait of all threads: 600 ±15 → 15.0 ±1.1 ms per second, significantly less" */
static void put_total(const struct gw_report *report, const struct gw_diff *diff)
{
    const struct gw_diff_row *total = &diff->total;
    FILE *out = report->out;

    putc('\n', out);
    gw_report_style(report, GW_REPORT_BOLD);
    fputs("GIL wait of all threads: ", out);
    put_ms(out, total->side[GW_DIFF_BEFORE].value, total->side[GW_DIFF_BEFORE].margin, false);
    fputs(" → ", out);
    put_ms(out, total->side[GW_DIFF_AFTER].value, total->side[GW_DIFF_AFTER].margin, false);
    fprintf(out, " ms per second, %s\n",
            !total->significant            ? "no significant change"
            : total->change.difference > 0 ? "significantly more"
                                           : "significantly less");
    gw_report_style(report, GW_REPORT_PLAIN);
}

void gw_diff_text(const struct gw_diff *diff, const struct gw_likeness_side sides[GW_N_DIFF_SIDES],
                  const struct gw_report_options *options, FILE *out)
{
    const struct gw_report report = {.options = options, .out = out};

    put_side(out, "Before: ", diff, &sides[GW_DIFF_BEFORE], GW_DIFF_BEFORE);
    put_side(out, "After:  ", diff, &sides[GW_DIFF_AFTER], GW_DIFF_AFTER);
    put_total(&report, diff);
    fputs("\nAll figures: milliseconds per second of recording, all threads of a name together.\n"
          "* more than the 95 % intervals (±) of both can explain. CPU time is exact.\n",
          out);
    for (unsigned table = 0; table < GW_N_DIFF_TABLES; table++)
        put_table(&report, diff, table);
}
