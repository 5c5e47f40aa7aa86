/* SPDX-License-Identifier: Apache-2.0 */
/*
 * speedscope's own format: a sampled profile for each thread, all over one list of frames. What a
 * thread did in a place stands above the frames of that place, as "[io-wait]"; of a wait for the
 * GIL, "[gil-wait]" and above it the holder with its place. The list of frames comes last, for only
 * then is it known; one stack at a time is in memory.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/cleanup.h"
#include "export/by_thread.h"
#include "export/exporters.h"
#include "export/json_value.h"
#include "model/label.h"
#include "model/rows.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

enum frame_kind {
    FRAME_CODE,
    FRAME_STATE,
    FRAME_HELD, /* and the other kinds of blame behind it */
};

/* All of it is the key; what a kind does not need is 0. */
struct frame {
    uint32_t kind;     /* enum frame_kind, or FRAME_HELD + enum gw_blame_kind */
    uint32_t function; /* of the code; of the holder */
    uint32_t line;
    uint32_t c_function; /* of the holder */
    uint32_t thread;     /* likewise */
    uint32_t state;
};

struct writer {
    const struct gw_model *model;
    FILE *out;
    struct gw_rows frames;
    struct gw_by_thread slices, pairs;
    const char *separator; /* "" before the first element of the array at hand */
    uint32_t n_profiles, active;
    uint64_t active_wait_ns;
    int error; /* the first one */
};

static void put_json(struct writer *w, json_t *value)
{
    int rc = gw_json_write(w->out, value);

    if (rc < 0 && !w->error)
        w->error = rc;
}

static void put_separator(struct writer *w)
{
    fputs(w->separator, w->out);
    w->separator = ",";
}

/* Its number, which it gets now if it has none. */
static void put_frame(struct writer *w, const char *before, const struct frame *frame)
{
    int64_t row = gw_rows_put(&w->frames, frame);

    if (row < 0 && !w->error)
        w->error = (int)row;
    fprintf(w->out, "%s%" PRId64, before, row);
}

/* Root first, without the closing bracket. */
static void put_stack(struct writer *w, uint32_t stack)
{
    uint32_t path[GW_MODEL_MAX_DEPTH];
    uint32_t n = 0;

    do {
        path[n++] = stack;
        stack = w->model->stacks[stack].parent;
    } while (stack != 0);
    for (const char *before = "["; n-- > 0; before = ",") {
        const struct gw_model_stack *row = &w->model->stacks[path[n]];
        const struct frame frame = {
            .kind = FRAME_CODE, .function = row->function, .line = row->line};
        put_frame(w, before, &frame);
    }
}

static void put_sample(struct writer *w, uint32_t stack, uint32_t state)
{
    const struct frame frame = {.kind = FRAME_STATE, .state = state};

    put_separator(w);
    put_stack(w, stack);
    put_frame(w, ",", &frame);
}

static void put_pair(struct writer *w, const struct gw_model_pair *pair)
{
    struct frame frame = {.kind = FRAME_HELD + pair->kind};

    if (pair->kind == GW_BLAME_HELD) {
        const struct gw_model_stack *leaf = gw_model_leaf(w->model, pair->holder_stack);
        frame.function = leaf->function;
        frame.line = leaf->line;
        frame.c_function = gw_model_c_function(w->model, pair->holder_stack);
        frame.thread = pair->holder;
    }
    put_sample(w, pair->waiter_stack, pair->waiter_state);
    put_frame(w, ",", &frame);
    putc(']', w->out);
}

/* Waits come from the pairs, which sum to them; stopped time belongs to nobody. */
static bool is_sample(const struct gw_model_slice *slice)
{
    return !gw_state_wants_gil(slice->state) && slice->state != GW_STATE_STOPPED;
}

static void put_samples(struct writer *w, uint32_t thread)
{
    fputs(",\"samples\":[", w->out);
    w->separator = "";
    for (uint32_t i = w->slices.first[thread]; i != GW_BY_THREAD_END; i = w->slices.next[i])
        if (is_sample(&w->model->slices[i])) {
            put_sample(w, w->model->slices[i].stack, w->model->slices[i].state);
            putc(']', w->out);
        }
    for (uint32_t i = w->pairs.first[thread]; i != GW_BY_THREAD_END; i = w->pairs.next[i])
        put_pair(w, &w->model->pairs[i]);
}

static void put_weights(struct writer *w, uint32_t thread)
{
    fputs("],\"weights\":[", w->out);
    w->separator = "";
    for (uint32_t i = w->slices.first[thread]; i != GW_BY_THREAD_END; i = w->slices.next[i])
        if (is_sample(&w->model->slices[i])) {
            put_separator(w);
            fprintf(w->out, "%" PRIu64, w->model->slices[i].ns);
        }
    for (uint32_t i = w->pairs.first[thread]; i != GW_BY_THREAD_END; i = w->pairs.next[i]) {
        put_separator(w);
        fprintf(w->out, "%" PRIu64, w->model->pairs[i].ns);
    }
    fputs("]}", w->out);
}

/* "NAME (PID/TID)", for names need not differ. */
static json_t *profile_name(const struct gw_model *model, uint32_t row)
{
    const struct gw_model_thread *thread = &model->threads[row];
    json_t *label = gw_json_thread_label(model, row);
    json_t *name = json_sprintf("%s (%" PRIu32 "/%" PRIu32 ")", json_string_value(label),
                                model->processes[thread->process].pid, thread->tid);

    json_decref(label);
    return name;
}

static void put_profile(struct writer *w, uint32_t row)
{
    const struct gw_model_thread *thread = &w->model->threads[row];

    if (thread->wait_ns > w->active_wait_ns) {
        w->active_wait_ns = thread->wait_ns;
        w->active = w->n_profiles;
    }
    fputs(w->n_profiles++ ? ",\n{\"type\":\"sampled\",\"name\":"
                          : "{\"type\":\"sampled\",\"name\":",
          w->out);
    put_json(w, profile_name(w->model, row));
    fprintf(w->out, ",\"unit\":\"nanoseconds\",\"startValue\":0,\"endValue\":%" PRIu64,
            thread->wall_ns);
    put_samples(w, row);
    put_weights(w, row);
}

static json_t *holder_name(const struct gw_model *model, const struct frame *frame)
{
    GW_AUTO_FREE char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fputs("held by ", out);
    gw_label_thread(out, model, frame->thread, NULL);
    fputs(": ", out);
    gw_label_place(out, model, frame->function, frame->line, NULL);
    gw_label_c_function(out, model, frame->c_function, NULL);
    return fclose(out) == 0 ? json_string(text) : NULL;
}

static json_t *code_frame(const struct gw_model *model, const struct frame *frame)
{
    const struct gw_model_function *function = &model->functions[frame->function];
    json_t *value = json_pack("{s:o}", "name", gw_json_function_label(model, frame->function));
    int rc = 0;

    if (value && *gw_model_text(model, function->file))
        rc = json_object_set_new(value, "file", gw_json_text(model, function->file));
    if (value && rc == 0 && frame->line)
        rc = json_object_set_new(value, "line", json_integer(frame->line));
    if (rc == 0)
        return value;
    json_decref(value);
    return NULL;
}

static json_t *frame_json(const struct gw_model *model, const struct frame *frame)
{
    switch (frame->kind) {
    case FRAME_CODE:
        return code_frame(model, frame);
    case FRAME_STATE:
        return json_pack("{s:o}", "name", json_sprintf("[%s]", gw_state_name(frame->state)));
    case FRAME_HELD:
        return json_pack("{s:o}", "name", holder_name(model, frame));
    default:
        return json_pack("{s:s}", "name",
                         frame->kind == FRAME_HELD + GW_BLAME_HANDOFF ? "no holder (handoff)"
                                                                      : "unknown holder");
    }
}

static void put_file(struct writer *w)
{
    fputs("{\"$schema\":\"" SCHEMA "\",\"exporter\":", w->out);
    put_json(w, gw_json_text(w->model, w->model->writer));
    fputs(",\"profiles\":[\n", w->out);
    for (uint32_t row = 0; row < w->model->n_threads && !w->error; row++)
        if (w->model->threads[row].wall_ns > 0 && !w->model->threads[row].hidden)
            put_profile(w, row);
    fprintf(w->out, "],\n\"activeProfileIndex\":%" PRIu32 ",\"shared\":{\"frames\":[", w->active);
    w->separator = "\n";
    for (uint32_t row = 0; row < w->frames.n && !w->error; row++) {
        fputs(w->separator, w->out);
        w->separator = ",\n";
        put_json(w, frame_json(w->model, gw_rows_at(&w->frames, row)));
    }
    fputs("]}}\n", w->out);
}

static int write_speedscope(const struct gw_model *model, const struct gw_export_options *options,
                            FILE *out)
{
    struct writer w = {
        .model = model,
        .out = out,
        .frames = {.row_bytes = sizeof(struct frame), .key_bytes = sizeof(struct frame)},
    };

    (void)options;
    w.error = gw_by_thread_slices(&w.slices, model);
    if (w.error == 0)
        w.error = gw_by_thread_pairs(&w.pairs, model);
    errno = 0;
    if (w.error == 0)
        put_file(&w);
    if (w.error == 0 && ferror(out))
        w.error = errno ? -errno : -EIO;
    gw_by_thread_fini(&w.slices);
    gw_by_thread_fini(&w.pairs);
    gw_rows_fini(&w.frames);
    return w.error;
}

const struct gw_exporter gw_exporter_speedscope = {
    .name = "speedscope",
    .summary = "for speedscope.app: a profile for each thread, waits with their holders",
    .extension = ".speedscope.json",
    .write = write_speedscope,
};
