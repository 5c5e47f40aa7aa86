/* SPDX-License-Identifier: Apache-2.0 */
#include "report_parts.h"

#include "base/columns.h"
#include "cell.h"
#include "model/label.h"
#include "number.h"

/* Of the longest ones that the model keeps, the text shows fewer: the JSON has all. */
#define SHOWN 3u

#define AT_WIDTH 10u
#define LENGTH_WIDTH 10u
#define DOUBT_WIDTH 9u
#define TEXT_AT (AT_WIDTH + LENGTH_WIDTH + DOUBT_WIDTH + 2u)

/* Callers named of one stack. */
#define CALLERS 4u

static void put_length_cell(FILE *out, uint64_t ns, unsigned width)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        gw_number_length(cell.file, ns);
    gw_columns_put_right(out, gw_cell_text(&cell), width);
    gw_cell_end(&cell);
}

/* "±1.1 ms", or that it is longer by nobody knows how much. */
static void put_doubt_cell(FILE *out, const struct gw_episode *episode)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell)) {
        if (episode->cut)
            fputs("or more", cell.file);
        else
            fputs("±", cell.file);
        if (!episode->cut)
            gw_number_length(cell.file, episode->uncertainty_ns);
    }
    gw_columns_put_right(out, gw_cell_text(&cell), DOUBT_WIDTH);
    gw_cell_end(&cell);
}

/* A line of its own in the last column. */
static void put_line(const struct gw_report *report, struct gw_cell *cell)
{
    gw_columns_wrap(report->out, gw_cell_text(cell), TEXT_AT, TEXT_AT + 2, GW_REPORT_COLUMNS);
    gw_cell_end(cell);
}

/* "worker-1 in handle (app/server.py:31)" */
static void put_side(FILE *out, const struct gw_report *report, uint32_t thread, uint32_t stack)
{
    gw_label_thread(out, report->model, thread, NULL);
    fputs(" in ", out);
    gw_label_leaf(out, report->model, stack, NULL);
}

/* "called from run, main and 7 more" */
static void put_callers(const struct gw_report *report, uint32_t stack)
{
    const struct gw_model_stack *stacks = report->model->stacks;
    uint32_t caller = gw_model_leaf(report->model, stack)->parent;
    struct gw_cell cell;

    if (caller == 0)
        return;
    gw_report_style(report, GW_REPORT_DIM);
    fprintf(report->out, "%*s", (int)TEXT_AT, "");
    if (gw_cell_begin(&cell)) {
        fputs("called from ", cell.file);
        for (unsigned i = 0; caller && i < CALLERS; i++, caller = stacks[caller].parent) {
            fputs(i ? ", " : "", cell.file);
            uint32_t name = report->model->functions[stacks[caller].function].name;
            gw_label_text(cell.file, gw_model_text(report->model, name), NULL);
        }
        if (caller)
            fprintf(cell.file, " and %u more", stacks[caller].depth);
    }
    put_line(report, &cell);
    gw_report_style(report, GW_REPORT_PLAIN);
}

/* When, how long, who and where; the other side follows. */
static void put_episode(const struct gw_report *report, const struct gw_episode *episode)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell))
        gw_number_seconds(cell.file, episode->begin_ns - report->model->part.from_ns);
    gw_columns_put_right(report->out, gw_cell_text(&cell), AT_WIDTH);
    gw_cell_end(&cell);
    put_length_cell(report->out, episode->ns, LENGTH_WIDTH);
    put_doubt_cell(report->out, episode);
    fputs("  ", report->out);
    if (gw_cell_begin(&cell))
        put_side(cell.file, report, episode->thread, episode->stack);
    put_line(report, &cell);
    put_callers(report, episode->stack);
}

/* "; 3 holders in turn" */
static void put_holders(FILE *out, uint32_t n)
{
    if (n > 1)
        fprintf(out, "; %u %sholders in turn", n, n == GW_MAX_EPISODE_HOLDERS ? "or more " : "");
}

static void put_wait(const struct gw_report *report, const struct gw_episode *wait)
{
    struct gw_cell cell;

    put_episode(report, wait);
    fprintf(report->out, "%*s", (int)TEXT_AT, "");
    if (gw_cell_begin(&cell)) {
        if (wait->other_kind == GW_BLAME_HELD) {
            fputs("waits for ", cell.file);
            put_side(cell.file, report, wait->other, wait->other_stack);
        } else {
            fputs(wait->other_kind == GW_BLAME_HANDOFF
                      ? "waits while nobody holds it (handoff)"
                      : "waits for a holder that could not be told",
                  cell.file);
        }
        fputs(", ", cell.file);
        gw_number_percent(cell.file, gw_share(wait->other_ns, wait->ns));
        fputs(" of it", cell.file);
        put_holders(cell.file, wait->n_others);
    }
    put_line(report, &cell);
    put_callers(report, wait->other_stack);
}

static void put_hold(const struct gw_report *report, const struct gw_episode *hold)
{
    struct gw_cell cell;

    put_episode(report, hold);
    fprintf(report->out, "%*s", (int)TEXT_AT, "");
    if (gw_cell_begin(&cell)) {
        if (hold->other_kind == GW_BLAME_HELD) {
            fprintf(cell.file, "%u %s waited ", hold->n_others,
                    hold->n_others == 1 ? "thread" : "threads");
            gw_number_length(cell.file, hold->others_ns);
            fputs(hold->n_others == 1 ? ": " : " together, longest ", cell.file);
            put_side(cell.file, report, hold->other, hold->other_stack);
        } else {
            fputs("nobody was seen to wait", cell.file);
        }
    }
    put_line(report, &cell);
    if (hold->other_kind == GW_BLAME_HELD)
        put_callers(report, hold->other_stack);
}

/* "1,234 seen: median 5.1 ms, 99 % up to 9.8 ms, longest 31.0 ms (3 cut off: ...). " */
static void put_distribution(FILE *out, const struct gw_episodes *episodes)
{
    gw_number_count(out, episodes->n);
    fputs(" seen: median ", out);
    gw_number_length(out, gw_loghist_quantile(&episodes->lengths, 0.5));
    fputs(", 99 % up to ", out);
    gw_number_length(out, gw_loghist_quantile(&episodes->lengths, 0.99));
    fputs(", longest ", out);
    gw_number_length(out, episodes->lengths.max);
    if (episodes->n_cut) {
        fputs("; ", out);
        gw_number_count(out, episodes->n_cut);
        fputs(" cut off, as long or longer", out);
    }
    fputs(". ", out);
}

static uint64_t count_switches(const struct gw_model *model)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < model->n_gils; i++)
        sum += model->gils[i].switches;
    return sum;
}

/* What a hold means, and the exact number beside those seen. */
static void put_switches(FILE *out, uint64_t switches, bool exact)
{
    fputs(" No other thread was seen to have the GIL during a hold, but its thread may have let go "
          "and taken it back. ",
          out);
    fputs(exact ? "Exactly counted, the GIL changed hands " : "The GIL changed hands about ", out);
    gw_number_count(out, switches);
    fputs(switches == 1 ? " time." : " times.", out);
}

/* The sentence under a heading: what was seen, and what such sampling cannot see. */
static void put_intro(const struct gw_report *report, const struct gw_episodes *episodes,
                      bool waits)
{
    struct gw_cell cell;

    if (gw_cell_begin(&cell)) {
        put_distribution(cell.file, episodes);
        fputs(waits ? "Waits" : "Holds", cell.file);
        fputs(" shorter than ", cell.file);
        gw_number_length(cell.file, report->model->tick_ns);
        fputs(" are seen only in part, so there may have been more.", cell.file);
        if (!waits)
            put_switches(cell.file, count_switches(report->model), !report->model->part.blocks_cut);
    }
    gw_columns_wrap(report->out, gw_cell_text(&cell), 0, 0, GW_REPORT_COLUMNS);
    gw_cell_end(&cell);
}

static void put_longest(const struct gw_report *report, const struct gw_episodes *episodes,
                        void (*put)(const struct gw_report *, const struct gw_episode *))
{
    size_t top = report->options->top;
    size_t n = top == 0 || top > SHOWN ? SHOWN : top;

    if (top == 0 || n > episodes->n_longest)
        n = episodes->n_longest;
    gw_report_style(report, GW_REPORT_DIM);
    fprintf(report->out, "%*s%*s\n", (int)AT_WIDTH, "at", (int)LENGTH_WIDTH, "length");
    gw_report_style(report, GW_REPORT_PLAIN);
    for (size_t i = 0; i < n; i++)
        put(report, &episodes->longest[i]);
}

void gw_report_episodes(const struct gw_report *report)
{
    const struct gw_model *model = report->model;
    bool filtered = gw_model_filtered(model);

    if (model->waits.n > 0) {
        gw_report_heading(report, filtered ? "Single waits of these threads, longest first"
                                           : "Single waits for the GIL, longest first");
        put_intro(report, &model->waits, true);
        put_longest(report, &model->waits, put_wait);
    }
    if (model->holds.n > 0) {
        gw_report_heading(report, filtered ? "Single holds by these threads, longest first"
                                           : "Single holds of the GIL, longest first");
        put_intro(report, &model->holds, false);
        put_longest(report, &model->holds, put_hold);
    }
}
