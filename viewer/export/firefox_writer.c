/* SPDX-License-Identifier: Apache-2.0 */
#include "export/firefox_writer.h"

#include <inttypes.h>

void gw_firefox_keep_error(struct gw_firefox_writer *w, int64_t rc)
{
    if (rc < 0 && !w->error)
        w->error = (int)rc;
}

void gw_firefox_put_json(struct gw_firefox_writer *w, json_t *value)
{
    gw_firefox_keep_error(w, gw_json_write(w->out, value));
}

void gw_firefox_put_ms(struct gw_firefox_writer *w, uint64_t ns)
{
    fprintf(w->out, "%" PRIu64 ".%06u", ns / 1000000, (unsigned)(ns % 1000000));
}

/* A row as an element of a column; UINT32_MAX is null. */
static void put_row(struct gw_firefox_writer *w, uint32_t row)
{
    if (row == UINT32_MAX)
        fputs("null", w->out);
    else
        fprintf(w->out, "%" PRIu32, row);
}

void gw_firefox_begin_column(struct gw_firefox_writer *w, const char *name)
{
    fprintf(w->out, "\"%s\":[", name);
    w->separator = "";
}

void gw_firefox_separate(struct gw_firefox_writer *w)
{
    fputs(w->separator, w->out);
    w->separator = ",";
}

void gw_firefox_end_column(struct gw_firefox_writer *w)
{
    fputs("],", w->out);
}

/* A column of n elements that `put` writes. */
static void put_column(struct gw_firefox_writer *w, const char *name, uint32_t n,
                       void (*put)(struct gw_firefox_writer *, uint32_t))
{
    gw_firefox_begin_column(w, name);
    for (uint32_t row = 0; row < n && !w->error; row++) {
        gw_firefox_separate(w);
        put(w, row);
    }
    gw_firefox_end_column(w);
}

void gw_firefox_put_constant(struct gw_firefox_writer *w, const char *name, uint32_t n,
                             const char *value)
{
    gw_firefox_begin_column(w, name);
    for (uint32_t row = 0; row < n; row++) {
        gw_firefox_separate(w);
        fputs(value, w->out);
    }
    gw_firefox_end_column(w);
}

/* Functions take two strings each, their name and their file; then comes the name of markers. */
static void put_func_name(struct gw_firefox_writer *w, uint32_t row)
{
    put_row(w, 2 * row);
}

static void put_func_file(struct gw_firefox_writer *w, uint32_t row)
{
    const struct gw_firefox_func *func = gw_rows_at(&w->tables.funcs, row);
    const char *file = gw_model_text(w->model, w->model->functions[func->function].file);

    put_row(w, *file ? 2 * row + 1 : UINT32_MAX);
}

static void put_func_line(struct gw_firefox_writer *w, uint32_t row)
{
    const struct gw_firefox_func *func = gw_rows_at(&w->tables.funcs, row);
    uint32_t line = w->model->functions[func->function].first_line;

    put_row(w, line ? line : UINT32_MAX);
}

static void put_funcs(struct gw_firefox_writer *w)
{
    uint32_t n = w->tables.funcs.n;

    fputs("\"funcTable\":{", w->out);
    put_column(w, "name", n, put_func_name);
    put_column(w, "fileName", n, put_func_file);
    put_column(w, "lineNumber", n, put_func_line);
    gw_firefox_put_constant(w, "columnNumber", n, "null");
    gw_firefox_put_constant(w, "isJS", n, "false");
    gw_firefox_put_constant(w, "relevantForJS", n, "false");
    gw_firefox_put_constant(w, "resource", n, "-1");
    fprintf(w->out, "\"length\":%" PRIu32 "},", n);
}

static void put_strings(struct gw_firefox_writer *w)
{
    gw_firefox_begin_column(w, "stringArray");
    for (uint32_t row = 0; row < w->tables.funcs.n && !w->error; row++) {
        const struct gw_firefox_func *func = gw_rows_at(&w->tables.funcs, row);
        gw_firefox_separate(w);
        gw_firefox_put_json(w, func->state == GW_FIREFOX_CODE
                                   ? gw_json_function_label(w->model, func->function)
                                   : json_sprintf("[%s]", gw_state_name(func->state)));
        gw_firefox_separate(w);
        gw_firefox_put_json(w, gw_json_text(w->model, w->model->functions[func->function].file));
    }
    gw_firefox_separate(w);
    gw_firefox_put_json(w, json_string("GIL wait"));
    gw_firefox_end_column(w);
}

static void put_frame_category(struct gw_firefox_writer *w, uint32_t row)
{
    const struct gw_firefox_frame *frame = gw_rows_at(&w->tables.frames, row);

    put_row(w, gw_firefox_category(frame->state));
}

static void put_frame_func(struct gw_firefox_writer *w, uint32_t row)
{
    put_row(w, ((const struct gw_firefox_frame *)gw_rows_at(&w->tables.frames, row))->func);
}

static void put_frame_line(struct gw_firefox_writer *w, uint32_t row)
{
    const struct gw_firefox_frame *frame = gw_rows_at(&w->tables.frames, row);

    put_row(w, frame->line ? frame->line : UINT32_MAX);
}

static void put_frames(struct gw_firefox_writer *w)
{
    uint32_t n = w->tables.frames.n;

    fputs("\"frameTable\":{", w->out);
    put_column(w, "func", n, put_frame_func);
    put_column(w, "line", n, put_frame_line);
    put_column(w, "category", n, put_frame_category);
    gw_firefox_put_constant(w, "subcategory", n, "0");
    gw_firefox_put_constant(w, "address", n, "-1");
    gw_firefox_put_constant(w, "inlineDepth", n, "0");
    gw_firefox_put_constant(w, "nativeSymbol", n, "null");
    gw_firefox_put_constant(w, "innerWindowID", n, "null");
    gw_firefox_put_constant(w, "implementation", n, "null");
    gw_firefox_put_constant(w, "column", n, "null");
    fprintf(w->out, "\"length\":%" PRIu32 "},", n);
}

static void put_stack_frame(struct gw_firefox_writer *w, uint32_t row)
{
    put_row(w, ((const struct gw_firefox_stack *)gw_rows_at(&w->tables.stacks, row))->frame);
}

static void put_stack_prefix(struct gw_firefox_writer *w, uint32_t row)
{
    put_row(w, ((const struct gw_firefox_stack *)gw_rows_at(&w->tables.stacks, row))->prefix);
}

static void put_stack_category(struct gw_firefox_writer *w, uint32_t row)
{
    const struct gw_firefox_stack *stack = gw_rows_at(&w->tables.stacks, row);

    put_row(w, gw_firefox_category(stack->state));
}

static void put_stacks(struct gw_firefox_writer *w)
{
    uint32_t n = w->tables.stacks.n;

    fputs("\"stackTable\":{", w->out);
    put_column(w, "frame", n, put_stack_frame);
    put_column(w, "prefix", n, put_stack_prefix);
    put_column(w, "category", n, put_stack_category);
    gw_firefox_put_constant(w, "subcategory", n, "0");
    fprintf(w->out, "\"length\":%" PRIu32 "},", n);
}

void gw_firefox_put_tables(struct gw_firefox_writer *w)
{
    put_stacks(w);
    put_frames(w);
    put_funcs(w);
    put_strings(w);
}
