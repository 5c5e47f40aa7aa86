/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread of the profile for each thread: samples with stacks, and a marker for each wait for the
 * GIL and each holder during it. The profiler draws a sample up to halfway to the next one, so a
 * span has a sample at both ends; the first has all of its weight. Times are in milliseconds, with
 * as many digits as make them exact.
 */
#include <errno.h>
#include <inttypes.h>

#include "export/exporters.h"
#include "export/firefox_writer.h"

/* For what `put` writes of each span of the thread, or of its waits only. Returns how many. */
static uint32_t put_span_column(struct gw_firefox_writer *w, const char *name, bool waits,
                                void (*put)(struct gw_firefox_writer *,
                                            const struct gw_timeline_span *))
{
    uint32_t n = 0;

    gw_firefox_begin_column(w, name);
    for (uint32_t i = w->first_span; i != GW_BY_THREAD_END && !w->error; i = w->spans.next[i]) {
        const struct gw_timeline_span *span = &w->timeline->spans[i];
        if (waits && !gw_state_wants_gil(span->state))
            continue;
        gw_firefox_separate(w);
        put(w, span);
        n++;
    }
    gw_firefox_end_column(w);
    return n;
}

/* Samples come in twos. */
static void put_sample_stack(struct gw_firefox_writer *w, const struct gw_timeline_span *span)
{
    int64_t row = gw_firefox_tables_stack(&w->tables, w->model, span->stack, span->state);

    gw_firefox_keep_error(w, row);
    fprintf(w->out, "%" PRId64 ",%" PRId64, row, row);
}

static void put_begin(struct gw_firefox_writer *w, const struct gw_timeline_span *span)
{
    gw_firefox_put_ms(w, span->begin_ns - w->model->start_ns);
}

static void put_end(struct gw_firefox_writer *w, const struct gw_timeline_span *span)
{
    gw_firefox_put_ms(w, span->end_ns - w->model->start_ns);
}

static void put_sample_times(struct gw_firefox_writer *w, const struct gw_timeline_span *span)
{
    put_begin(w, span);
    putc(',', w->out);
    put_end(w, span);
}

static void put_sample_weights(struct gw_firefox_writer *w, const struct gw_timeline_span *span)
{
    gw_firefox_put_ms(w, span->end_ns - span->begin_ns);
    fputs(",0", w->out);
}

/* Makes the tables of the thread. */
static void put_samples(struct gw_firefox_writer *w)
{
    fputs("\"samples\":{", w->out);
    put_span_column(w, "stack", false, put_sample_stack);
    put_span_column(w, "time", false, put_sample_times);
    uint32_t n = 2 * put_span_column(w, "weight", false, put_sample_weights);
    fprintf(w->out, "\"weightType\":\"tracing-ms\",\"length\":%" PRIu32 "},", n);
}

static json_t *marker_data(const struct gw_model *model, const struct gw_timeline_span *span)
{
    json_t *place = gw_json_place_label(model, span->stack);

    if (span->kind != GW_BLAME_HELD)
        return json_pack("{s:s, s:o, s:s}", "type", GW_FIREFOX_MARKER, "place", place, "holder",
                         span->kind == GW_BLAME_HANDOFF ? "no holder (handoff)" : "unknown");
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "type", GW_FIREFOX_MARKER, "place", place,
                     "holder", gw_json_thread_label(model, span->holder), "holderTid",
                     json_integer(model->threads[span->holder].tid), "holderPlace",
                     gw_json_place_label(model, span->holder_stack));
}

static void put_marker_data(struct gw_firefox_writer *w, const struct gw_timeline_span *span)
{
    gw_firefox_put_json(w, marker_data(w->model, span));
}

static void put_markers(struct gw_firefox_writer *w)
{
    char name[16];

    fputs("\"markers\":{", w->out);
    put_span_column(w, "data", true, put_marker_data);
    put_span_column(w, "startTime", true, put_begin);
    uint32_t n = put_span_column(w, "endTime", true, put_end);
    snprintf(name, sizeof name, "%" PRIu32, gw_firefox_marker_name(w));
    gw_firefox_put_constant(w, "name", n, name);
    snprintf(name, sizeof name, "%" PRIu32, gw_firefox_category(GW_STATE_GIL_WAIT));
    gw_firefox_put_constant(w, "category", n, name);
    gw_firefox_put_constant(w, "phase", n, "1"); /* an interval */
    fprintf(w->out, "\"length\":%" PRIu32 "},", n);
}

/* When the thread, and its process, were there: as far as their spans tell. */
static void put_lifetime(struct gw_firefox_writer *w)
{
    uint32_t last = w->first_span;

    while (w->spans.next[last] != GW_BY_THREAD_END)
        last = w->spans.next[last];
    fputs("\"processStartupTime\":0,\"processShutdownTime\":null,\"registerTime\":", w->out);
    put_begin(w, &w->timeline->spans[w->first_span]);
    fputs(",\"unregisterTime\":", w->out);
    put_end(w, &w->timeline->spans[last]);
    fputs(",\"pausedRanges\":[],", w->out);
}

static void put_thread(struct gw_firefox_writer *w, uint32_t row)
{
    const struct gw_model_thread *thread = &w->model->threads[row];
    const struct gw_model_process *process = &w->model->processes[thread->process];

    fputs("{\"processType\":\"default\",\"name\":", w->out);
    gw_firefox_put_json(w, gw_json_thread_label(w->model, row));
    fputs(",\"processName\":", w->out);
    gw_firefox_put_json(w, json_sprintf("Python %s", gw_model_text(w->model, process->python)));
    fprintf(w->out, ",\"isMainThread\":%s,\"pid\":\"%" PRIu32 "\",\"tid\":%" PRIu32 ",",
            thread->main ? "true" : "false", process->pid, thread->tid);
    put_lifetime(w);
    put_samples(w);
    put_markers(w);
    gw_firefox_put_tables(w);
    fputs("\"resourceTable\":{\"lib\":[],\"name\":[],\"host\":[],\"type\":[],\"length\":0},"
          "\"nativeSymbols\":{\"libIndex\":[],\"address\":[],\"name\":[],\"functionSize\":[],"
          "\"length\":0}}",
          w->out);
}

static void put_threads(struct gw_firefox_writer *w)
{
    const char *before = "\n";

    for (uint32_t row = 0; row < w->model->n_threads && !w->error; row++) {
        w->first_span = w->spans.first[row];
        if (w->first_span == GW_BY_THREAD_END || w->model->threads[row].hidden)
            continue;
        fputs(before, w->out);
        before = ",\n";
        gw_firefox_tables_init(&w->tables);
        put_thread(w, row);
        gw_firefox_tables_fini(&w->tables);
    }
}

static int write_firefox(const struct gw_model *model, const struct gw_export_options *options,
                         FILE *out)
{
    struct gw_firefox_writer w = {.model = model, .timeline = options->timeline, .out = out};

    w.error = gw_by_thread_spans(&w.spans, model, options->timeline);
    errno = 0;
    if (w.error == 0) {
        putc('{', out);
        gw_firefox_put_meta(&w);
        fputs(",\"libs\":[],\"pages\":[],\"threads\":[", out);
        put_threads(&w);
        fputs("\n]}\n", out);
    }
    if (w.error == 0 && ferror(out))
        w.error = errno ? -errno : -EIO;
    gw_by_thread_fini(&w.spans);
    return w.error;
}

const struct gw_exporter gw_exporter_firefox = {
    .name = "firefox",
    .summary = "for profiler.firefox.com: samples in time, and a marker for each wait",
    .extension = ".firefox.json",
    .timeline = true,
    .write = write_firefox,
};
