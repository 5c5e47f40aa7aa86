/* SPDX-License-Identifier: Apache-2.0 */
#include "top_layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/columns.h"
#include "base/text.h"
#include "cell.h"
#include "model/label.h"
#include "number.h"
#include "top_lines.h"

static bool is_narrow(const struct gw_top_lines *lines)
{
    return lines->columns < GW_TOP_NARROW;
}

/* --- the head --------------------------------------------------------------------------------- */

/* The target on the left, what the figures are of on the right. */
static void put_target(struct gw_top_lines *lines, const struct gw_top_view *view)
{
    char span[32] = "";
    FILE *out = gw_top_lines_begin(lines);

    if (out) {
        if (view && view->window_s > 0)
            snprintf(span, sizeof span, "  last %.1f s", view->window_s);
        size_t width = strlen(span) < lines->columns ? lines->columns - strlen(span) : 0;
        gw_top_lines_style(lines, GW_TOP_BOLD);
        gw_columns_put(out, view ? view->target : "gilwait top", width);
        gw_top_lines_style(lines, GW_TOP_PLAIN);
        fputs(span, out);
    }
    gw_top_lines_end(lines);
}

static void put_recorder(FILE *out, const struct gw_top_view *view)
{
    fputs("recorder ", out);
    gw_number_percent(out, view->own_cpu);
    fprintf(out, " CPU, %.0f/s", view->rate_hz);
    if (view->rate_hz < 0.95 * view->asked_hz)
        fprintf(out, " of %.0f", view->asked_hz);
}

static void put_figures(struct gw_top_lines *lines, const struct gw_top_view *view)
{
    FILE *out = gw_top_lines_begin(lines);

    if (out && view->gil_known) {
        fputs(is_narrow(lines) ? "GIL " : "GIL busy ", out);
        gw_number_percent(out, view->busy);
        fprintf(out, "  waiters %.1f  switches ", view->waiters);
        gw_number_count(out, (uint64_t)(view->switches + 0.5));
        fputs("/s", out);
    } else if (out) {
        fputs("no GIL was seen", out);
    }
    if (out && is_narrow(lines)) {
        gw_top_lines_end(lines);
        out = gw_top_lines_begin(lines);
    } else if (out) {
        fputs("   ", out);
    }
    if (out)
        put_recorder(out, view);
    gw_top_lines_end(lines);
}

static void put_legend(struct gw_top_lines *lines)
{
    FILE *out = gw_top_lines_begin(lines);

    for (unsigned i = 0; out && i < GW_TOP_N_CLASSES; i++) {
        fputs(i ? "  " : "", out);
        gw_top_lines_style(lines, i);
        putc(gw_top_class_letter((enum gw_top_class)i), out);
        gw_top_lines_style(lines, GW_TOP_PLAIN);
        fprintf(out, " %s", gw_top_class_text((enum gw_top_class)i));
    }
    gw_top_lines_end(lines);
}

static void put_head(struct gw_top_lines *lines, const struct gw_top_view *view, bool legend)
{
    put_target(lines, view);
    if (!view || view->window_s <= 0)
        return;
    put_figures(lines, view);
    if (legend && !is_narrow(lines))
        put_legend(lines);
}

/* --- the foot --------------------------------------------------------------------------------- */

/* What was typed may end within a character. */
static void put_filter(FILE *out, const char *filter)
{
    char safe[GW_TEXT_ROOM];

    gw_text_from_bytes((const uint8_t *)filter, strlen(filter), safe, sizeof safe);
    gw_label_text(out, safe, NULL);
}

static void put_status(FILE *out, const char *status)
{
    gw_label_text(out, status, NULL);
    fputs(" (q quits)", out);
}

static bool wants_note(const struct gw_top_ui *ui)
{
    return ui->status[0] || ui->frozen || ui->filter[0];
}

static void put_note(struct gw_top_lines *lines, const struct gw_top_ui *ui)
{
    FILE *out = gw_top_lines_begin(lines);

    if (out) {
        gw_top_lines_style(lines, GW_TOP_BOLD);
        if (ui->status[0])
            put_status(out, ui->status);
        else if (ui->frozen)
            fputs("frozen: space goes on", out);
        if (ui->filter[0]) {
            fputs(ui->status[0] || ui->frozen ? "; only rows with '" : "only rows with '", out);
            put_filter(out, ui->filter);
            fputs("'", out);
        }
    }
    gw_top_lines_end(lines);
}

static void put_key(struct gw_top_lines *lines, const char *text, bool chosen)
{
    gw_top_lines_style(lines, chosen ? GW_TOP_BOLD : GW_TOP_DIM);
    fputs(text, lines->out);
    fputs("  ", lines->out);
}

static void put_keys(struct gw_top_lines *lines, const struct gw_top_ui *ui)
{
    FILE *out = gw_top_lines_begin(lines);
    bool narrow = is_narrow(lines);

    if (out && ui->typing) {
        putc('/', out);
        put_filter(out, ui->filter);
        fputs("_  (Enter: done, Esc: all rows)", out);
    } else if (out) {
        put_key(lines, narrow ? "t" : "t threads", ui->table == GW_TOP_THREADS);
        put_key(lines, narrow ? "f" : "f functions", ui->table == GW_TOP_FUNCTIONS);
        put_key(lines, narrow ? "p" : "p pairs", ui->table == GW_TOP_PAIRS);
        gw_top_lines_style(lines, GW_TOP_DIM);
        fputs(narrow ? "s sort  / find  ? help  q quit"
                     : "s sort  / filter  space freeze  ? help  q quit",
              out);
    }
    gw_top_lines_end(lines);
}

/* --- all of it -------------------------------------------------------------------------------- */

static void put_help(struct gw_top_lines *lines)
{
    static const char *const text[] = {
        "t f p  threads, functions, pairs",
        "s      sort by the next column (*)",
        "/      only rows with a text in them",
        "space  freeze the picture, and go on",
        "r      begin the window anew",
        "q      quit, as Ctrl-C does",
        "",
        "Wait of a thread: share of its time in which it wanted the GIL.",
        "Wait of a pair or function: share of the GIL wait of all threads.",
        "waiters: threads that want the GIL at one time, on average",
        "H has GIL  G wants GIL  N native: on a CPU without it",
        "C wants CPU  I I/O  - idle: sleeps or waits for a lock  ? unknown",
    };

    for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
        gw_top_lines_put(lines, GW_TOP_PLAIN, text[i]);
}

static void put_body(struct gw_top_lines *lines, const struct gw_top_view *view,
                     const struct gw_top_ui *ui, size_t rows)
{
    size_t taken = lines->frame.n + 1; /* and the heading */

    if (ui->help)
        put_help(lines);
    else if (!view || view->window_s <= 0)
        gw_top_lines_put(lines, GW_TOP_DIM, "waiting for the first samples");
    else
        gw_top_table_put(lines, view, ui, ui->table, rows > taken ? rows - taken : 0);
}

/* Cut or fill the lines up to a number. */
static void trim(struct gw_top_lines *lines, size_t rows)
{
    while (lines->frame.n > rows)
        free(lines->frame.lines[--lines->frame.n].text);
    while (!lines->failed && lines->frame.n < rows)
        gw_top_lines_put(lines, GW_TOP_PLAIN, "");
}

static int finish(struct gw_top_lines *lines, struct gw_top_frame *out)
{
    *out = lines->frame;
    if (!lines->failed)
        return 0;
    gw_top_frame_fini(out);
    return -ENOMEM;
}

int gw_top_layout(const struct gw_top_view *view, const struct gw_top_ui *ui, size_t columns,
                  size_t rows, struct gw_top_frame *out)
{
    struct gw_top_lines lines = {.columns = columns};
    size_t foot = 1u + wants_note(ui);
    size_t above = rows > foot ? rows - foot : 0;

    put_head(&lines, view, ui->table == GW_TOP_THREADS && !ui->help);
    put_body(&lines, view, ui, above);
    trim(&lines, above);
    if (wants_note(ui))
        put_note(&lines, ui);
    put_keys(&lines, ui);
    trim(&lines, rows);
    return finish(&lines, out);
}

int gw_top_layout_all(const struct gw_top_view *view, const struct gw_top_ui *ui, size_t columns,
                      size_t rows, struct gw_top_frame *out)
{
    static const enum gw_top_table_id order[] = {GW_TOP_THREADS, GW_TOP_PAIRS, GW_TOP_FUNCTIONS};
    struct gw_top_lines lines = {.columns = columns};

    put_head(&lines, view, true);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        gw_top_lines_put(&lines, GW_TOP_PLAIN, "");
        gw_top_table_put(&lines, view, ui, order[i], rows ? rows : SIZE_MAX);
    }
    return finish(&lines, out);
}

void gw_top_frame_fini(struct gw_top_frame *frame)
{
    for (size_t i = 0; i < frame->n; i++)
        free(frame->lines[i].text);
    free(frame->lines);
    *frame = (struct gw_top_frame){0};
}
