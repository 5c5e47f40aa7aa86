/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON object a line, for scripts. Each line says all of what it is about, so that one can be
 * taken without the others; only one line at a time is in memory.
 */
#include <errno.h>

#include "export/exporters.h"
#include "export/json_value.h"
#include "model/estimate.h"

static json_t *meta_line(const struct gw_model *model)
{
    const struct gw_model_quality *quality = &model->quality;

    return json_pack(
        "{s:s, s:i, s:o, s:o, s:I, s:f, s:o, s:o, s:o, s:b, s:s, s:I, s:I, s:I, s:I, s:o, s:o}",
        "type", "meta", "schema_version", GW_JSON_LINES_VERSION, "writer",
        gw_json_text(model, model->writer), "kernel", gw_json_text(model, model->kernel), "cpus",
        (json_int_t)model->cpus, "rate_hz", model->rate_hz, "start_unix_ns", gw_json_start(model),
        "start_monotonic_ns", gw_json_ns(model->start_ns), "duration_ns",
        gw_json_ns(model->end_ns - model->start_ns), "complete", !gw_model_incomplete(model),
        "reason", gw_model_end_reason(model), "ticks", (json_int_t)quality->ticks, "late",
        (json_int_t)quality->late, "torn", (json_int_t)quality->torn, "dropped",
        (json_int_t)quality->dropped, "gap_ns", gw_json_ns(quality->gap_ns), "pair_grain_ns",
        gw_json_ns(quality->grain_ns));
}

static json_t *process_line(const struct gw_model *model, size_t row)
{
    const struct gw_model_process *process = &model->processes[row];

    return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:b, s:I, s:o}", "type", "process", "pid",
                     (json_int_t)process->pid, "ns_pid",
                     (json_int_t)(process->ns_pid ? process->ns_pid : process->pid), "parent_pid",
                     (json_int_t)process->parent_pid, "python",
                     gw_json_text(model, process->python), "exe", gw_json_text(model, process->exe),
                     "free_threaded", process->free_threaded, "ticks", (json_int_t)process->ticks,
                     "skipped",
                     process->skipped ? gw_json_text(model, process->reason) : json_null());
}

static json_t *gil_line(const struct gw_model *model, size_t row)
{
    const struct gw_model_gil *gil = &model->gils[row];

    return json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:I, s:o}", "type", "gil", "pid",
                     (json_int_t)model->processes[gil->process].pid, "interpreter",
                     (json_int_t)gil->interpreter, "held_ns", gw_json_ns(gil->held_ns), "free_ns",
                     gw_json_ns(gil->free_ns), "unknown_ns", gw_json_ns(gil->unknown_ns), "wait_ns",
                     gw_json_ns(gil->wait_ns), "switches", (json_int_t)gil->switches,
                     "switch_interval_ns", gw_json_ns(gil->switch_interval_us * 1000));
}

/* "thread" is a number of this file: the kernel may give a tid to one thread after another. */
static json_t *identity(const struct gw_model *model, uint32_t row)
{
    const struct gw_model_thread *thread = &model->threads[row];

    return json_pack("{s:I, s:I, s:I, s:o}", "thread", (json_int_t)row, "pid",
                     (json_int_t)model->processes[thread->process].pid, "tid",
                     (json_int_t)thread->tid, "name", gw_json_text(model, thread->name));
}

/* The members of `more`, which is released, behind those of `object`. */
static json_t *joined(json_t *object, json_t *more)
{
    int rc = object && more ? json_object_update(object, more) : -1;

    json_decref(more);
    if (rc == 0)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *states(const struct gw_model_thread *thread)
{
    json_t *object = json_object();

    for (unsigned state = 0; state < GW_N_STATES; state++)
        if (thread->state_ns[state] &&
            json_object_set_new(object, gw_state_name(state), gw_json_ns(thread->state_ns[state])) <
                0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *thread_line(const struct gw_model *model, size_t row)
{
    const struct gw_model_thread *thread = &model->threads[row];
    struct gw_estimate estimate = gw_estimate_thread(thread);
    json_t *line = json_pack("{s:s}", "type", "thread");

    line = joined(line, identity(model, (uint32_t)row));
    return joined(
        line,
        json_pack("{s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:[o, o]}", "ns_tid",
                  (json_int_t)(thread->ns_tid ? thread->ns_tid : thread->tid), "main", thread->main,
                  "wall_ns", gw_json_ns(thread->wall_ns), "cpu_ns",
                  thread->exact ? gw_json_ns(thread->cpu_ns) : json_null(), "run_queue_ns",
                  thread->exact ? gw_json_ns(thread->run_queue_ns) : json_null(), "states_ns",
                  states(thread), "gil_wait_ns", gw_json_ns(thread->wait_ns), "gil_wait_ci95_ns",
                  gw_json_ns((uint64_t)estimate.low_ns), gw_json_ns((uint64_t)estimate.high_ns)));
}

static json_t *frame(const struct gw_model *model, const struct gw_model_stack *stack)
{
    const struct gw_model_function *function = &model->functions[stack->function];

    return json_pack("{s:o, s:s, s:o, s:I}", "function", gw_json_text(model, function->name),
                     "kind", gw_function_kind_name(function->kind), "file",
                     gw_json_text(model, function->file), "line", (json_int_t)stack->line);
}

/* A thread in a state and a stack, leaf first. */
static json_t *side(const struct gw_model *model, uint32_t thread, uint32_t state, uint32_t stack)
{
    json_t *frames = json_array();

    for (; stack; stack = model->stacks[stack].parent)
        if (json_array_append_new(frames, frame(model, &model->stacks[stack])) < 0) {
            json_decref(frames);
            return NULL;
        }
    return joined(identity(model, thread),
                  json_pack("{s:s, s:o}", "state", gw_state_name(state), "stack", frames));
}

static json_t *stack_line(const struct gw_model *model, size_t row)
{
    const struct gw_model_slice *slice = &model->slices[row];
    json_t *line = json_pack("{s:s, s:o, s:I}", "type", "stack", "ns", gw_json_ns(slice->ns),
                             "ticks", (json_int_t)slice->ticks);

    return joined(line, side(model, slice->thread, slice->state, slice->stack));
}

static json_t *pair_line(const struct gw_model *model, size_t row)
{
    const struct gw_model_pair *pair = &model->pairs[row];
    bool held = pair->kind == GW_BLAME_HELD;

    return json_pack(
        "{s:s, s:o, s:I, s:s, s:o, s:o}", "type", "pair", "ns", gw_json_ns(pair->ns), "interpreter",
        (json_int_t)model->gils[pair->gil].interpreter, "kind", gw_blame_name(pair->kind), "waiter",
        side(model, pair->waiter, pair->waiter_state, pair->waiter_stack), "holder",
        held ? side(model, pair->holder, pair->holder_state, pair->holder_stack) : json_null());
}

static int write_line(FILE *out, json_t *line)
{
    int rc = gw_json_write(out, line);

    if (rc < 0)
        return rc;
    errno = 0;
    return putc('\n', out) == EOF ? -(errno ? errno : EIO) : 0;
}

static bool any(const struct gw_model *model, size_t row)
{
    (void)model;
    (void)row;
    return true;
}

static bool thread_shown(const struct gw_model *model, size_t row)
{
    return !model->threads[row].hidden;
}

static bool slice_shown(const struct gw_model *model, size_t row)
{
    return !model->threads[model->slices[row].thread].hidden;
}

static bool pair_shown(const struct gw_model *model, size_t row)
{
    return gw_model_pair_shown(model, &model->pairs[row]);
}

static int write_lines(const struct gw_model *model, FILE *out, size_t n,
                       bool (*shown)(const struct gw_model *, size_t),
                       json_t *(*line)(const struct gw_model *, size_t))
{
    int rc = 0;

    for (size_t row = 0; rc == 0 && row < n; row++)
        if (shown(model, row))
            rc = write_line(out, line(model, row));
    return rc;
}

static int write_json_lines(const struct gw_model *model, const struct gw_export_options *options,
                            FILE *out)
{
    (void)options;
    int rc = write_line(out, meta_line(model));

    if (rc == 0)
        rc = write_lines(model, out, model->n_processes, any, process_line);
    if (rc == 0)
        rc = write_lines(model, out, model->n_gils, any, gil_line);
    if (rc == 0)
        rc = write_lines(model, out, model->n_threads, thread_shown, thread_line);
    if (rc == 0)
        rc = write_lines(model, out, model->n_slices, slice_shown, stack_line);
    if (rc == 0)
        rc = write_lines(model, out, model->n_pairs, pair_shown, pair_line);
    return rc;
}

const struct gw_exporter gw_exporter_json_lines = {
    .name = "json-lines",
    .summary = "for scripts: threads, stacks, who waited for whom; one JSON object a line",
    .extension = ".jsonl",
    .write = write_json_lines,
};
