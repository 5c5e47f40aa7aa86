/* SPDX-License-Identifier: Apache-2.0 */
#include "report_text.h"

#include <errno.h>
#include <stdlib.h>

#include "base/columns.h"
#include "cell.h"
#include "model/estimate.h"
#include "model/label.h"
#include "number.h"
#include "report_parts.h"
#include "summary.h"

void gw_report_style(const struct gw_report *report, const char *style)
{
    if (report->options->colour)
        fputs(style, report->out);
}

void gw_report_heading(const struct gw_report *report, const char *text)
{
    putc('\n', report->out);
    gw_report_style(report, GW_REPORT_BOLD);
    fputs(text, report->out);
    gw_report_style(report, GW_REPORT_PLAIN);
    putc('\n', report->out);
}

size_t gw_report_shown(const struct gw_report *report, size_t n)
{
    size_t top = report->options->top;

    return top && top < n ? top : n;
}

void gw_report_more(const struct gw_report *report, size_t n, uint64_t ns)
{
    size_t rows = gw_report_shown(report, n);

    if (rows == n)
        return;
    fputs("... and ", report->out);
    gw_number_count(report->out, n - rows);
    fputs(" more", report->out);
    if (ns) {
        fputs(" with ", report->out);
        gw_number_seconds(report->out, ns);
        fputs(" together", report->out);
    }
    fputs(" (--top 0 shows all)\n", report->out);
}

void gw_report_line(const struct gw_report *report, struct gw_cell *cell, size_t at)
{
    gw_columns_wrap(report->out, gw_cell_text(cell), at, at + 2, GW_REPORT_COLUMNS);
    gw_cell_end(cell);
}

static size_t count_observed(const struct gw_model *model)
{
    size_t n = 0;

    for (size_t i = 0; i < model->n_threads; i++)
        n += model->threads[i].wall_ns > 0;
    return n;
}

static void put_process(const struct gw_report *report, const struct gw_model_process *process)
{
    FILE *out = report->out;
    const char *python = gw_model_text(report->model, process->python);

    fprintf(out, "Process %u", process->pid);
    if (process->skipped) {
        fputs(" was not sampled: ", out);
        gw_label_text(out, gw_model_text(report->model, process->reason), NULL);
    } else if (*python) {
        fputs(", Python ", out);
        gw_label_text(out, python, NULL);
        if (process->free_threaded)
            fputs(" free-threaded", out);
    }
    putc('\n', out);
}

static void put_head(const struct gw_report *report)
{
    const struct gw_model *model = report->model;
    FILE *out = report->out;

    for (size_t i = 0; i < model->n_processes; i++)
        put_process(report, &model->processes[i]);
    if (model->part.given) {
        fputs("Part of the recording: ", out);
        gw_label_part(out, model);
        putc('\n', out);
    }
    gw_number_seconds(out, model->end_ns - model->start_ns);
    fputs(" recorded, ", out);
    gw_number_count(out, model->quality.ticks);
    fputs(" ticks, ", out);
    gw_number_count(out, count_observed(model));
    fputs(count_observed(model) == 1 ? " thread\n" : " threads\n", out);
    if (gw_model_filtered(model)) {
        fputs("Shown: only threads that match ", out);
        gw_label_text(out, gw_model_text(model, model->shown), NULL);
        putc('\n', out);
    }
    putc('\n', out);
}

static bool put_sentence(const struct gw_report *report)
{
    char *sentence = gw_summary_text(report->model, report->losses);

    if (!sentence)
        return false;
    gw_report_style(report, GW_REPORT_BOLD);
    gw_columns_wrap(report->out, sentence, 0, 0, GW_REPORT_COLUMNS);
    gw_report_style(report, GW_REPORT_PLAIN);
    free(sentence);
    return true;
}

/* "GIL: busy 93 %, waited for 4.100 s in all; 1,234 switches, switch interval 5 ms" */
static void put_gil(const struct gw_report *report, const struct gw_model_gil *gil)
{
    struct gw_cell cell;
    FILE *out = gw_cell_begin(&cell);

    if (out && gil->held_ns + gil->free_ns + gil->wait_ns > 0) {
        fputs("GIL", out);
        if (report->many_processes)
            fprintf(out, " of process %u", report->model->processes[gil->process].pid);
        if (gil->interpreter != 0)
            fprintf(out, ", interpreter %lld", (long long)gil->interpreter);
        fputs(": busy ", out);
        gw_number_percent(out, gw_losses_busy(gil));
        fputs(", waited for ", out);
        gw_number_seconds(out, gil->wait_ns);
        fputs(report->model->part.blocks_cut ? " in all; about " : " in all; ", out);
        gw_number_count(out, gil->switches);
        fputs(" switches", out);
        if (gil->switch_interval_us)
            fprintf(out, ", switch interval %g ms", (double)gil->switch_interval_us / 1000);
        gw_columns_wrap(report->out, gw_cell_text(&cell), 0, 2, GW_REPORT_COLUMNS);
    }
    gw_cell_end(&cell);
}

/* How the recording ended, in words. */
static const char *end_words(const struct gw_model *model)
{
    if (gw_model_incomplete(model))
        return "was cut off: it has no end";
    switch (model->end.reason) {
    case GW_END_DURATION:
        return "ended when its time was over";
    case GW_END_SIGNAL:
        return "was ended by a signal";
    case GW_END_TARGET_ENDED:
        return "ended with its target";
    case GW_END_OUTPUT:
        return "ended when the output took no more";
    default:
        return "ended";
    }
}

/* Ticks a second that were made, process by process alike. */
static double made_rate(const struct gw_model *model)
{
    double duration_s = (double)(model->end_ns - model->start_ns) / 1e9;
    uint64_t most = 0;

    for (size_t i = 0; i < model->n_processes; i++)
        if (model->processes[i].ticks > most)
            most = model->processes[i].ticks;
    return duration_s > 0 ? (double)most / duration_s : 0;
}

static void put_quality(const struct gw_report *report)
{
    const struct gw_model *model = report->model;
    const struct gw_model_quality *quality = &model->quality;
    FILE *out = report->out;
    uint64_t unknown_ns = 0, wall_ns = 0;

    for (size_t i = 0; i < model->n_threads; i++) {
        unknown_ns += model->threads[i].state_ns[GW_STATE_UNKNOWN];
        wall_ns += model->threads[i].wall_ns;
    }
    gw_report_heading(report, "Quality of the recording");
    gw_number_count(out, quality->ticks);
    fprintf(out, " ticks, %.0f a second of %.0f asked for; ", made_rate(model), model->rate_hz);
    gw_number_count(out, quality->late);
    fputs(" late, ", out);
    gw_number_count(out, quality->dropped);
    fputs(" dropped; ", out);
    gw_number_count(out, quality->torn);
    fputs(quality->torn == 1 ? " stack torn\n" : " stacks torn\n", out);
    fputs("state unknown for ", out);
    gw_number_percent(out, gw_share(unknown_ns, wall_ns));
    fputs(" of thread time; gaps of ", out);
    gw_number_seconds(out, quality->gap_ns);
    fputs(" in all, left out\nthe profiler took ", out);
    gw_number_seconds(out, quality->own_cpu_ns);
    fputs(" of CPU (", out);
    gw_number_percent(out, gw_share(quality->own_cpu_ns, model->end_ns - model->start_ns));
    fputs(" of one core) and ", out);
    gw_number_bytes(out, quality->max_rss_bytes);
    fputs(" of memory\n", out);
    if (quality->stops) {
        fputs("it stopped threads of the target ", out);
        gw_number_count(out, quality->stops);
        fputs(quality->stops == 1 ? " time, for " : " times, for ", out);
        gw_number_seconds(out, quality->stopped_ns);
        fputs(" in all\n", out);
    }
    if (model->part.blocks_cut)
        fputs("the capture counts these, and switches of the GIL, about once a second: at the ends "
              "of "
              "this\npart they are shared out by ticks\n",
              out);
    if (gw_estimate_disturbed(quality))
        fputs("nearly every tick took the CPU from the target, which changes who waits: waits can "
              "be\n"
              "off by more than sampling explains; another CPU or a lower --rate would help\n",
              out);
    fprintf(out, "the recording %s\n", end_words(model));
    if (quality->grain_ns) {
        fputs("too many different pairs: those below ", out);
        gw_number_seconds(out, quality->grain_ns);
        fputs(" are drawn by lot, sums stay right\n", out);
    }
}

static bool put_report(const struct gw_report *report)
{
    const struct gw_model *model = report->model;

    put_head(report);
    if (!put_sentence(report) || !gw_report_verdict(report))
        return false;
    putc('\n', report->out);
    for (size_t i = 0; i < model->n_gils; i++)
        put_gil(report, &model->gils[i]);
    gw_report_threads(report);
    gw_report_tables(report);
    if (!gw_report_libraries(report) || !gw_report_native(report))
        return false;
    gw_report_episodes(report);
    gw_report_hold_ends(report);
    put_quality(report);
    return true;
}

int gw_report_text(const struct gw_model *model, const struct gw_report_options *options, FILE *out)
{
    struct gw_ranking *ranking = gw_ranking_new(model);
    struct gw_losses *losses = gw_losses_new(model);
    struct gw_report report = {
        .model = model, .ranking = ranking, .losses = losses, .options = options, .out = out};
    size_t processes = 0;
    bool done = false;

    for (size_t i = 0; i < model->n_processes; i++)
        processes += model->processes[i].ticks > 0;
    report.many_processes = processes > 1;
    if (ranking && losses)
        done = put_report(&report);
    gw_losses_free(losses);
    gw_ranking_free(ranking);
    return done ? 0 : -ENOMEM;
}
