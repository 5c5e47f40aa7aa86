/* SPDX-License-Identifier: Apache-2.0 */
#include "report_json.h"

#include <stdlib.h>

#include "model/estimate.h"
#include "ranking.h"
#include "report_json_episodes.h"
#include "report_json_holders.h"
#include "summary.h"
#include "verdict_json.h"

/* What is being built from. */
struct builder {
    const struct gw_model *model;
    const struct gw_ranking *ranking;
    const struct gw_losses *losses;
    size_t top;
};

static json_t *seconds(double ns)
{
    return json_real(ns / 1e9);
}

static json_t *seconds_of(uint64_t ns)
{
    return seconds((double)ns);
}

static json_t *text(const struct gw_model *model, uint32_t string)
{
    return json_string(gw_model_text(model, string));
}

/* Rows of a table that are shown. */
static size_t shown(const struct builder *builder, size_t n)
{
    return builder->top && builder->top < n ? builder->top : n;
}

static json_t *target_json(const struct gw_model *model)
{
    const struct gw_model_process *process = gw_model_target(model);

    if (!process)
        return json_null();
    return json_pack("{s:I, s:o, s:b}", "pid", (json_int_t)process->pid, "python",
                     text(model, process->python), "free_threaded", process->free_threaded);
}

static json_t *process_json(const struct gw_model *model, const struct gw_model_process *process)
{
    json_t *object =
        json_pack("{s:I, s:I, s:o, s:o, s:b, s:I}", "pid", (json_int_t)process->pid, "parent_pid",
                  (json_int_t)process->parent_pid, "python", text(model, process->python), "exe",
                  text(model, process->exe), "free_threaded", process->free_threaded, "ticks",
                  (json_int_t)process->ticks);

    if (process->ns_pid)
        json_object_set_new(object, "ns_pid", json_integer(process->ns_pid));
    json_object_set_new(object, "skipped",
                        process->skipped ? text(model, process->reason) : json_null());
    return object;
}

static json_t *processes_json(const struct gw_model *model)
{
    json_t *array = json_array();

    for (size_t i = 0; i < model->n_processes; i++)
        json_array_append_new(array, process_json(model, &model->processes[i]));
    return array;
}

static json_t *quality_json(const struct gw_model *model)
{
    const struct gw_model_quality *quality = &model->quality;
    uint64_t unknown_ns = 0;

    for (size_t i = 0; i < model->n_threads; i++)
        unknown_ns += model->threads[i].state_ns[GW_STATE_UNKNOWN];
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:o, s:o, s:o, s:o, s:I, s:f, s:f, s:o}", "ticks",
        (json_int_t)quality->ticks, "late", (json_int_t)quality->late, "torn",
        (json_int_t)quality->torn, "dropped", (json_int_t)quality->dropped, "displacing",
        (json_int_t)quality->displacing, "disturbed", gw_estimate_disturbed(quality), "stops",
        (json_int_t)quality->stops, "stopped_s", seconds_of(quality->stopped_ns), "unknown_s",
        seconds_of(unknown_ns), "gap_s", seconds_of(quality->gap_ns), "cpu_s",
        seconds_of(quality->own_cpu_ns), "max_rss_bytes", (json_int_t)quality->max_rss_bytes,
        "asked_rate_hz", model->rate_hz, "last_rate_hz", quality->rate_hz, "pair_grain_s",
        seconds_of(quality->grain_ns));
}

static json_t *gil_json(const struct gw_model *model, const struct gw_model_gil *gil)
{
    return json_pack("{s:I, s:I, s:f, s:I, s:f, s:o}", "pid",
                     (json_int_t)model->processes[gil->process].pid, "interpreter",
                     (json_int_t)gil->interpreter, "busy_share", gw_losses_busy(gil), "switches",
                     (json_int_t)gil->switches, "switch_interval_s",
                     (double)gil->switch_interval_us / 1e6, "wait_s", seconds_of(gil->wait_ns));
}

static json_t *main_gil_json(const struct gw_model *model)
{
    const struct gw_model_gil *gil = gw_losses_gil(model);

    return gil ? gil_json(model, gil) : json_null();
}

static json_t *gils_json(const struct gw_model *model)
{
    json_t *array = json_array();

    for (size_t i = 0; i < model->n_gils; i++)
        json_array_append_new(array, gil_json(model, &model->gils[i]));
    return array;
}

static json_t *states_json(const struct gw_model_thread *thread)
{
    json_t *object = json_object();

    for (unsigned state = 0; state < GW_N_STATES; state++)
        if (thread->state_ns[state])
            json_object_set_new(object, gw_state_name(state), seconds_of(thread->state_ns[state]));
    return object;
}

static json_t *thread_json(const struct gw_model *model, const struct gw_model_thread *thread)
{
    struct gw_estimate estimate = gw_estimate_thread(thread);
    json_t *object =
        json_pack("{s:I, s:I, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:[o, o]}", "pid",
                  (json_int_t)model->processes[thread->process].pid, "tid", (json_int_t)thread->tid,
                  "name", text(model, thread->name), "main", thread->main, "wall_s",
                  seconds_of(thread->wall_ns), "states", states_json(thread), "cpu_s",
                  thread->exact ? seconds_of(thread->cpu_ns) : json_null(), "run_queue_s",
                  thread->exact ? seconds_of(thread->run_queue_ns) : json_null(), "gil_wait_s",
                  seconds_of(thread->wait_ns), "gil_wait_ci95_s", seconds(estimate.low_ns),
                  seconds(estimate.high_ns));

    if (thread->ns_tid)
        json_object_set_new(object, "ns_tid", json_integer(thread->ns_tid));
    return object;
}

static json_t *threads_json(const struct builder *builder)
{
    json_t *array = json_array();

    for (size_t i = 0; i < builder->ranking->n_threads; i++) {
        uint32_t row = builder->ranking->threads[i];
        json_array_append_new(array, thread_json(builder->model, &builder->model->threads[row]));
    }
    return array;
}

static json_t *side_json(const struct gw_model *model, const struct gw_ranking_side *side)
{
    if (side->thread == GW_NO_THREAD)
        return json_null();
    const struct gw_model_thread *thread = &model->threads[side->thread];
    const struct gw_model_function *function = &model->functions[side->function];
    return json_pack("{s:I, s:I, s:o, s:o, s:o, s:I, s:o}", "pid",
                     (json_int_t)model->processes[thread->process].pid, "tid",
                     (json_int_t)thread->tid, "name", text(model, thread->name), "function",
                     text(model, function->name), "file", text(model, function->file), "line",
                     (json_int_t)side->line, "c_function",
                     gw_report_json_c_function(model, side->c_function));
}

static json_t *blame_json(const struct builder *builder)
{
    json_t *array = json_array();

    for (size_t i = 0; i < shown(builder, builder->ranking->n_blame); i++) {
        const struct gw_ranking_blame *blame = &builder->ranking->blame[i];
        json_array_append_new(array, json_pack("{s:o, s:o, s:s, s:o}", "waiter",
                                               side_json(builder->model, &blame->waiter), "holder",
                                               side_json(builder->model, &blame->holder), "kind",
                                               gw_blame_name(blame->kind), "seconds",
                                               seconds_of(blame->ns)));
    }
    return array;
}

static json_t *blame_omitted_json(const struct builder *builder)
{
    uint64_t ns = 0;

    for (size_t i = shown(builder, builder->ranking->n_blame); i < builder->ranking->n_blame; i++)
        ns += builder->ranking->blame[i].ns;
    return seconds_of(ns);
}

static json_t *functions_json(const struct builder *builder,
                              const struct gw_ranking_function *functions, size_t n)
{
    const struct gw_model *model = builder->model;
    json_t *array = json_array();

    for (size_t i = 0; i < shown(builder, n); i++) {
        const struct gw_model_function *function = &model->functions[functions[i].function];
        json_array_append_new(array, json_pack("{s:o, s:s, s:o, s:I, s:o, s:o}", "function",
                                               text(model, function->name), "kind",
                                               gw_function_kind_name(function->kind), "file",
                                               text(model, function->file), "line",
                                               (json_int_t)function->first_line, "self_s",
                                               seconds_of(functions[i].self_ns), "total_s",
                                               seconds_of(functions[i].total_ns)));
    }
    return array;
}

static json_t *end_json(const struct gw_model *model)
{
    return json_pack("{s:b, s:s, s:s?, s:I}", "complete", !gw_model_incomplete(model), "reason",
                     gw_model_end_reason(model), "error",
                     model->end.error ? gw_error_sentence(model->end.error) : NULL, "good_bytes",
                     (json_int_t)model->end.good_bytes);
}

/* The clock on the wall when the first tick's time began. */
static json_t *recorded_json(const struct gw_model *model)
{
    double since = (double)model->start_ns - (double)model->monotonic_ns;

    return json_pack("{s:o, s:o, s:I, s:o, s:o}", "writer", text(model, model->writer), "kernel",
                     text(model, model->kernel), "cpus", (json_int_t)model->cpus, "start_unix_s",
                     seconds((double)model->realtime_ns + since), "start_monotonic_s",
                     seconds_of(model->start_ns));
}

/* Null for all of a recording. */
static json_t *part_json(const struct gw_model *model)
{
    const struct gw_model_part *part = &model->part;

    if (!part->given)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:b}", "from_s", seconds_of(model->start_ns - part->from_ns),
                     "to_s", seconds_of(model->end_ns - part->from_ns), "recording_s",
                     seconds_of(part->to_ns - part->from_ns), "counts_shared", part->blocks_cut);
}

/* Null for all threads. Sums of all threads are here, for what is shown to be a share of. */
static json_t *shown_json(const struct builder *builder)
{
    const struct gw_model *model = builder->model;
    uint64_t wall_ns = 0;

    if (!gw_model_filtered(model))
        return json_null();
    for (size_t i = 0; i < model->n_threads; i++)
        wall_ns += model->threads[i].wall_ns;
    return json_pack("{s:o, s:I, s:I, s:o, s:o}", "match", text(model, model->shown), "threads",
                     (json_int_t)builder->ranking->n_threads, "of", (json_int_t)model->n_threads,
                     "all_wall_s", seconds_of(wall_ns), "all_gil_wait_s",
                     seconds_of(gw_model_total_wait_ns(model)));
}

static json_t *summary_json(const struct builder *builder)
{
    char *sentence = gw_summary_text(builder->model, builder->losses);
    json_t *json = sentence ? json_string(sentence) : NULL;

    free(sentence);
    return json;
}

static json_t *build(const struct builder *builder)
{
    const struct gw_model *model = builder->model;
    const struct gw_ranking *ranking = builder->ranking;

    return json_pack(
        "{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
        "s:o, s:o, s:o, s:o, s:o}",
        "schema_version", GW_REPORT_SCHEMA_VERSION, "summary", summary_json(builder), "verdict",
        gw_verdict_json(model, builder->losses), "target", target_json(model), "recorded",
        recorded_json(model), "part", part_json(model), "shown", shown_json(builder), "duration_s",
        seconds_of(model->end_ns - model->start_ns), "quality", quality_json(model), "end",
        end_json(model), "processes", processes_json(model), "gil", main_gil_json(model), "gils",
        gils_json(model), "threads", threads_json(builder), "blame", blame_json(builder),
        "blame_omitted_s", blame_omitted_json(builder), "functions_suffered",
        functions_json(builder, ranking->suffered, ranking->n_suffered), "functions_caused",
        functions_json(builder, ranking->caused, ranking->n_caused), "libraries",
        gw_report_json_libraries(model, builder->top), "native",
        gw_report_json_native(model, builder->top), "waits",
        gw_report_json_waits(model), "holds", gw_report_json_holds(model));
}

json_t *gw_report_json(const struct gw_model *model, size_t top)
{
    struct gw_ranking *ranking = gw_ranking_new(model);
    struct gw_losses *losses = gw_losses_new(model);
    struct builder builder = {.model = model, .ranking = ranking, .losses = losses, .top = top};
    json_t *report = ranking && losses ? build(&builder) : NULL;

    gw_losses_free(losses);
    gw_ranking_free(ranking);
    return report;
}
