/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>

#include "export/exporters.h"
#include "model/label.h"
#include "model/rows.h"

/* What separates the frames of a line. */
#define SEPARATOR ";"

/* A line of the output; the first five members are its key. */
struct line {
    uint32_t waiter; /* row of threads; GW_NO_THREAD where the line is not about one */
    uint32_t waiter_stack;
    uint32_t kind;   /* enum gw_blame_kind */
    uint32_t holder; /* GW_NO_THREAD likewise */
    uint32_t holder_stack;
    uint64_t ns;
};

static int add_line(struct gw_rows *lines, const struct line *line)
{
    int64_t row = gw_rows_put(lines, line);

    if (row < 0)
        return (int)row;
    struct line *sum = gw_rows_at(lines, (uint32_t)row);
    sum->ns += line->ns;
    return 0;
}

/* The part of a pair that a view shows. */
static struct line line_of(const struct gw_model_pair *pair, enum gw_export_view view)
{
    struct line line = {.waiter = GW_NO_THREAD, .holder = GW_NO_THREAD, .ns = pair->ns};

    if (view != GW_EXPORT_BLAME) {
        line.waiter = pair->waiter;
        line.waiter_stack = pair->waiter_stack;
    }
    if (view != GW_EXPORT_VICTIMS) {
        line.kind = pair->kind;
        line.holder = pair->holder;
        line.holder_stack = pair->holder_stack;
    }
    return line;
}

/* A line has one side or both, which have to be of a thread that is to be shown. */
static bool is_shown(const struct gw_model *model, const struct gw_model_pair *pair,
                     enum gw_export_view view)
{
    switch (view) {
    case GW_EXPORT_VICTIMS:
        return gw_model_waiter_shown(model, pair);
    case GW_EXPORT_BLAME:
        return gw_model_holder_shown(model, pair);
    case GW_EXPORT_PAIRS:
        break;
    }
    return gw_model_pair_shown(model, pair);
}

static void print_side(FILE *out, const struct gw_model *model, uint32_t thread, uint32_t stack)
{
    uint32_t path[GW_MODEL_MAX_DEPTH];
    uint32_t n = 0;
    uint32_t process = model->threads[thread].process;

    fprintf(out, "process %" PRIu32 "/", model->processes[process].pid);
    gw_label_thread(out, model, thread, SEPARATOR);
    do {
        path[n++] = stack;
        stack = model->stacks[stack].parent;
    } while (stack != 0);
    while (n-- > 0) {
        const struct gw_model_stack *frame = &model->stacks[path[n]];
        fputs(SEPARATOR, out);
        gw_label_place(out, model, frame->function, frame->line, SEPARATOR);
    }
}

static void print_holder(FILE *out, const struct gw_model *model, const struct line *line)
{
    if (line->kind == GW_BLAME_HELD)
        print_side(out, model, line->holder, line->holder_stack);
    else
        fputs(line->kind == GW_BLAME_HANDOFF ? "no holder (handoff)" : "unknown", out);
}

static void print_line(FILE *out, const struct gw_model *model, const struct line *line,
                       enum gw_export_view view)
{
    uint64_t us = line->ns / 1000 + (line->ns % 1000 >= 500);

    if (us == 0)
        return;
    if (view != GW_EXPORT_BLAME)
        print_side(out, model, line->waiter, line->waiter_stack);
    if (view == GW_EXPORT_PAIRS)
        fputs(SEPARATOR "waiting for GIL" SEPARATOR, out);
    if (view != GW_EXPORT_VICTIMS)
        print_holder(out, model, line);
    fprintf(out, " %" PRIu64 "\n", us);
}

static int write_collapsed(const struct gw_model *model, const struct gw_export_options *options,
                           FILE *out)
{
    struct gw_rows lines = {.row_bytes = sizeof(struct line),
                            .key_bytes = offsetof(struct line, holder_stack) + sizeof(uint32_t)};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < model->n_pairs; i++) {
        struct line line = line_of(&model->pairs[i], options->view);
        if (is_shown(model, &model->pairs[i], options->view))
            rc = add_line(&lines, &line);
    }
    errno = 0;
    for (uint32_t row = 0; rc == 0 && row < lines.n; row++)
        print_line(out, model, gw_rows_at(&lines, row), options->view);
    if (rc == 0 && ferror(out))
        rc = errno ? -errno : -EIO;
    gw_rows_fini(&lines);
    return rc;
}

const struct gw_exporter gw_exporter_collapsed = {
    .name = "collapsed",
    .summary = "folded stacks, one a line, with microseconds of GIL wait",
    .extension = ".collapsed",
    .has_views = true,
    .write = write_collapsed,
};
