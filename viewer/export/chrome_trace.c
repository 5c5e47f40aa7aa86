/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trace events: a track for each thread with a slice for each thing it did, and one for each GIL
 * with its holders. An arrow leads from the holder to a wait; a wait that outlasts a hold goes on
 * as a slice of its own, under the next holder.
 */
#include <errno.h>
#include <inttypes.h>

#include "export/exporters.h"
#include "export/json_value.h"

/* A track of a GIL needs the number of a thread that cannot be one: the kernel's end before this
 * (PID_MAX_LIMIT, include/linux/threads.h). */
#define FIRST_GIL_TRACK (4u << 20)

struct writer {
    const struct gw_model *model;
    FILE *out;
    const char *separator; /* "" before the first event */
    uint64_t n_flows;
    int error; /* the first one */
};

static void put_json(struct writer *w, json_t *value)
{
    int rc = gw_json_write(w->out, value);

    if (rc < 0 && !w->error)
        w->error = rc;
}

/* Everything up to the members that only some events have. */
static void begin_event(struct writer *w, const char *phase, uint32_t pid, uint32_t tid)
{
    fprintf(w->out, "%s{\"ph\":\"%s\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32, w->separator, phase,
            pid, tid);
    w->separator = ",\n";
}

/* Times are in microseconds; the digits behind the point make them exact. */
static void put_time(struct writer *w, const char *name, uint64_t ns)
{
    fprintf(w->out, ",\"%s\":%" PRIu64 ".%03u", name, ns / 1000, (unsigned)(ns % 1000));
}

static uint32_t pid_of_thread(const struct gw_model *model, uint32_t thread)
{
    return model->processes[model->threads[thread].process].pid;
}

/* What a track or process is called, or another of its properties. */
static void put_metadata(struct writer *w, uint32_t pid, uint32_t tid, const char *what,
                         json_t *args)
{
    begin_event(w, "M", pid, tid);
    fprintf(w->out, ",\"name\":\"%s\",\"args\":", what);
    put_json(w, args);
    putc('}', w->out);
}

static void put_name(struct writer *w, uint32_t pid, uint32_t tid, const char *what, json_t *name)
{
    put_metadata(w, pid, tid, what, json_pack("{s:o}", "name", name));
}

static void put_names(struct writer *w)
{
    const struct gw_model *model = w->model;

    for (uint32_t i = 0; i < model->n_processes; i++) {
        const struct gw_model_process *process = &model->processes[i];
        put_name(w, process->pid, process->pid, "process_name",
                 json_sprintf("Python %s %s", gw_model_text(model, process->python),
                              gw_model_text(model, process->exe)));
    }
    for (uint32_t i = 0; i < model->n_gils; i++) {
        uint32_t pid = model->processes[model->gils[i].process].pid;
        put_name(w, pid, FIRST_GIL_TRACK + i, "thread_name",
                 json_sprintf("GIL of interpreter %" PRId64, model->gils[i].interpreter));
        put_metadata(w, pid, FIRST_GIL_TRACK + i, "thread_sort_index",
                     json_pack("{s:i}", "sort_index", -1));
    }
    for (uint32_t i = 0; i < model->n_threads; i++)
        if (!model->threads[i].hidden)
            put_name(w, pid_of_thread(model, i), model->threads[i].tid, "thread_name",
                     gw_json_thread_label(model, i));
}

/* Put the holder of a wait, or of a GIL, into *args, which is let go of if memory runs out. */
static void add_holder(const struct writer *w, const struct gw_timeline_span *span, json_t **args)
{
    const struct gw_model *model = w->model;
    json_t *more =
        span->kind == GW_BLAME_HELD
            ? json_pack("{s:o, s:I, s:o}", "holder", gw_json_thread_label(model, span->holder),
                        "holder_tid", (json_int_t)model->threads[span->holder].tid, "holder_place",
                        gw_json_place_label(model, span->holder_stack))
            : json_pack("{s:n, s:s}", "holder", "holder_kind", gw_blame_name(span->kind));

    if (!*args || !more || json_object_update(*args, more) < 0) {
        json_decref(*args);
        *args = NULL;
    }
    json_decref(more);
}

static json_t *thread_args(const struct writer *w, const struct gw_timeline_span *span)
{
    const struct gw_model *model = w->model;
    uint32_t c_function = gw_model_c_function(model, span->stack);
    json_t *args = json_pack("{s:o}", "place", gw_json_place_label(model, span->stack));

    if (args && c_function &&
        json_object_set_new(args, "c_function",
                            gw_json_text(model, model->functions[c_function].name)) < 0) {
        json_decref(args);
        return NULL;
    }
    if (gw_state_wants_gil(span->state))
        add_holder(w, span, &args);
    return args;
}

/* A complete event, but for its arguments. */
static void begin_slice(struct writer *w, const struct gw_timeline_span *span, uint32_t pid,
                        uint32_t tid, json_t *name)
{
    begin_event(w, "X", pid, tid);
    put_time(w, "ts", span->begin_ns - w->model->start_ns);
    put_time(w, "dur", span->end_ns - span->begin_ns);
    fputs(",\"name\":", w->out);
    put_json(w, name);
}

/* One end of an arrow. It is bound to the slice around its instant, which therefore lies within
 * the slices on both sides and not on their edge. */
static void put_flow(struct writer *w, const char *phase, uint32_t pid, uint32_t tid, uint64_t ns)
{
    begin_event(w, phase, pid, tid);
    put_time(w, "ts", ns + 1);
    fprintf(w->out, ",\"bp\":\"e\",\"id\":%" PRIu64 ",\"cat\":\"gil\",\"name\":\"keeps waiting\"}",
            w->n_flows);
}

static void put_thread_span(struct writer *w, const struct gw_timeline_span *span)
{
    const struct gw_model *model = w->model;
    uint32_t pid = pid_of_thread(model, span->thread);
    uint32_t tid = model->threads[span->thread].tid;

    begin_slice(w, span, pid, tid, json_string(gw_state_name(span->state)));
    fprintf(w->out, ",\"cat\":\"%s\",\"args\":", gw_rollup_name(gw_state_rollup(span->state)));
    put_json(w, thread_args(w, span));
    putc('}', w->out);
    if (span->kind != GW_BLAME_HELD || !span->holder_seen || model->threads[span->holder].hidden)
        return;
    uint64_t at = span->begin_ns - model->start_ns;
    w->n_flows++;
    put_flow(w, "s", pid, model->threads[span->holder].tid, at);
    put_flow(w, "f", pid, tid, at);
}

/* Where nobody holds the GIL, its track is empty. */
static void put_gil_span(struct writer *w, const struct gw_timeline_span *span)
{
    const struct gw_model *model = w->model;
    bool held = span->kind == GW_BLAME_HELD;
    json_t *args = json_object();

    if (span->kind == GW_BLAME_HANDOFF) {
        json_decref(args);
        return;
    }
    begin_slice(w, span, model->processes[model->gils[span->gil].process].pid,
                FIRST_GIL_TRACK + span->gil,
                held ? gw_json_thread_label(model, span->holder) : json_string("unknown holder"));
    fputs(",\"cat\":\"holder\",\"args\":", w->out);
    add_holder(w, span, &args);
    put_json(w, args);
    putc('}', w->out);
}

static void put_file(struct writer *w, const struct gw_timeline *timeline)
{
    const struct gw_model *model = w->model;

    fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":", w->out);
    put_json(w, json_pack("{s:o, s:o, s:o, s:b}", "writer", gw_json_text(model, model->writer),
                          "start_unix_ns", gw_json_start(model), "start_monotonic_ns",
                          gw_json_ns(model->start_ns), "complete", !gw_model_incomplete(model)));
    fputs(",\"traceEvents\":[\n", w->out);
    put_names(w);
    for (size_t i = 0; i < timeline->n && !w->error; i++) {
        if (timeline->spans[i].thread == GW_NO_THREAD)
            put_gil_span(w, &timeline->spans[i]);
        else if (!w->model->threads[timeline->spans[i].thread].hidden)
            put_thread_span(w, &timeline->spans[i]);
    }
    fputs("\n]}\n", w->out);
}

static int write_chrome_trace(const struct gw_model *model, const struct gw_export_options *options,
                              FILE *out)
{
    struct writer w = {.model = model, .out = out, .separator = ""};

    errno = 0;
    put_file(&w, options->timeline);
    if (w.error == 0 && ferror(out))
        w.error = errno ? -errno : -EIO;
    return w.error;
}

const struct gw_exporter gw_exporter_chrome_trace = {
    .name = "chrome-trace",
    .summary = "for ui.perfetto.dev: what each thread did when, and who kept it waiting",
    .extension = ".trace.json",
    .timeline = true,
    .write = write_chrome_trace,
};
