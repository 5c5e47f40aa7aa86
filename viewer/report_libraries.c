/* SPDX-License-Identifier: Apache-2.0 */
#include "report_parts.h"

#include "cell.h"
#include "libraries.h"
#include "model/label.h"
#include "number.h"

static void put_name(FILE *out, const struct gw_libraries *libraries, const struct gw_library *row)
{
    const char *name = gw_strtab_text(libraries->names, row->name);

    switch ((enum gw_library_kind)row->kind) {
    case GW_LIBRARY_PROGRAM:
        fputs("the program itself", out);
        return;
    case GW_LIBRARY_NONE:
        fputs("(no Python frame)", out);
        return;
    case GW_LIBRARY_C:
        gw_label_text(out, name, NULL);
        fputs(" [C]", out);
        return;
    case GW_LIBRARY_STANDARD:
        gw_label_text(out, name, NULL);
        fputs(" (standard library)", out);
        return;
    case GW_LIBRARY_PACKAGE:
        gw_label_text(out, name, NULL);
    }
}

static void put_row(const struct gw_report *report, const struct gw_libraries *libraries,
                    const struct gw_library *row)
{
    const size_t at = 2 * (GW_CELL_NUMBER + GW_CELL_SHARE) + 2;
    struct gw_cell cell;

    gw_cell_seconds(report->out, row->held_ns);
    gw_cell_share(report->out, gw_share(row->held_ns, libraries->held_ns));
    gw_cell_seconds(report->out, row->wait_ns);
    gw_cell_share(report->out, gw_share(row->wait_ns, report->ranking->wait_ns));
    fputs("  ", report->out);
    if (gw_cell_begin(&cell))
        put_name(cell.file, libraries, row);
    gw_report_line(report, &cell, at);
}

bool gw_report_libraries(const struct gw_report *report)
{
    struct gw_libraries *libraries = gw_libraries_new(report->model);

    if (!libraries)
        return false;
    if (libraries->wait_ns > 0) {
        gw_report_heading(report, gw_model_filtered(report->model)
                                      ? "Libraries in which these threads hold the GIL"
                                      : "Libraries that hold the GIL");
        gw_report_style(report, GW_REPORT_DIM);
        fprintf(report->out, "%*s%*s\n", (int)(GW_CELL_NUMBER + GW_CELL_SHARE), "held",
                (int)(GW_CELL_NUMBER + GW_CELL_SHARE), "others wait");
        gw_report_style(report, GW_REPORT_PLAIN);
        for (size_t i = 0; i < gw_report_shown(report, libraries->n); i++)
            put_row(report, libraries, &libraries->rows[i]);
        gw_report_more(report, libraries->n, 0);
    }
    gw_libraries_free(libraries);
    return true;
}
