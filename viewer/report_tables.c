/* SPDX-License-Identifier: Apache-2.0 */
#include "report_parts.h"

#include "base/columns.h"
#include "cell.h"
#include "model/label.h"
#include "number.h"

static void put_side(FILE *out, const struct gw_report *report, const struct gw_ranking_side *side)
{
    gw_label_thread(out, report->model, side->thread, NULL);
    fputs(" in ", out);
    gw_label_place(out, report->model, side->function, side->line, NULL);
    gw_label_c_function(out, report->model, side->c_function, NULL);
}

static void put_blame_row(const struct gw_report *report, const struct gw_ranking_blame *blame)
{
    const size_t at = GW_CELL_NUMBER + GW_CELL_SHARE + 2;
    struct gw_cell cell;

    gw_cell_seconds(report->out, blame->ns);
    gw_cell_share(report->out, gw_share(blame->ns, report->ranking->wait_ns));
    fputs("  ", report->out);
    if (gw_cell_begin(&cell))
        put_side(cell.file, report, &blame->waiter);
    gw_report_line(report, &cell, at);
    fprintf(report->out, "%*s", (int)at, "");
    if (gw_cell_begin(&cell)) {
        if (blame->kind == GW_BLAME_HELD) {
            fputs("waits for ", cell.file);
            put_side(cell.file, report, &blame->holder);
        } else {
            fputs(blame->kind == GW_BLAME_HANDOFF ? "waits while nobody holds it (handoff)"
                                                  : "waits for a holder that could not be told",
                  cell.file);
        }
    }
    gw_report_line(report, &cell, at);
}

static void put_blame(const struct gw_report *report)
{
    const struct gw_ranking *ranking = report->ranking;
    uint64_t rest = 0;

    if (ranking->n_blame == 0)
        return;
    gw_report_heading(
        report, gw_model_filtered(report->model)
                    ? "Who waits for whom, with one of these threads, by share of all GIL wait"
                    : "Who waits for whom, by share of all GIL wait");
    for (size_t i = 0; i < gw_report_shown(report, ranking->n_blame); i++)
        put_blame_row(report, &ranking->blame[i]);
    for (size_t i = gw_report_shown(report, ranking->n_blame); i < ranking->n_blame; i++)
        rest += ranking->blame[i].ns;
    gw_report_more(report, ranking->n_blame, rest);
}

static void put_functions(const struct gw_report *report, const char *heading,
                          const struct gw_ranking_function *functions, size_t n)
{
    const struct gw_model *model = report->model;

    if (n == 0)
        return;
    gw_report_heading(report, heading);
    gw_report_style(report, GW_REPORT_DIM);
    fprintf(report->out, "%*s%*s\n", (int)(GW_CELL_NUMBER + GW_CELL_SHARE), "in it",
            (int)(GW_CELL_NUMBER + GW_CELL_SHARE), "with callees");
    gw_report_style(report, GW_REPORT_PLAIN);
    for (size_t i = 0; i < gw_report_shown(report, n); i++) {
        struct gw_cell cell;
        gw_cell_seconds(report->out, functions[i].self_ns);
        gw_cell_share(report->out, gw_share(functions[i].self_ns, report->ranking->wait_ns));
        gw_cell_seconds(report->out, functions[i].total_ns);
        gw_cell_share(report->out, gw_share(functions[i].total_ns, report->ranking->wait_ns));
        fputs("  ", report->out);
        if (gw_cell_begin(&cell))
            gw_label_place(cell.file, model, functions[i].function,
                           model->functions[functions[i].function].first_line, NULL);
        gw_report_line(report, &cell, 2 * (GW_CELL_NUMBER + GW_CELL_SHARE) + 2);
    }
    gw_report_more(report, n, 0);
}

void gw_report_tables(const struct gw_report *report)
{
    const struct gw_ranking *ranking = report->ranking;

    put_blame(report);
    bool filtered = gw_model_filtered(report->model);
    put_functions(report,
                  filtered
                      ? "Functions in which these threads suffer GIL wait, by share of all GIL wait"
                      : "Functions that suffer GIL wait",
                  ranking->suffered, ranking->n_suffered);
    put_functions(report,
                  filtered
                      ? "Functions in which these threads cause GIL wait, by share of all GIL wait"
                      : "Functions that cause GIL wait",
                  ranking->caused, ranking->n_caused);
}
