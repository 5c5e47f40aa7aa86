/* SPDX-License-Identifier: Apache-2.0 */
#include "native_holds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/rows.h"

/* The quantile of the normal distribution for 95 %. */
#define QUANTILE 1.96

/* What is known of a call, by row of functions. */
struct call {
    uint64_t running_ns; /* held without sleeping */
    uint64_t asleep_ns;
    uint64_t wait_ns;
    uint32_t stops;
};

/* glibc's objects, under their names before 2.34 and since, and musl's. */
static bool is_c_library(const char *object)
{
    static const char *const starts[] = {"libc.so",    "libc-2",   "libm.so", "libm-2",
                                         "libpthread", "ld-linux", "ld-2",    "ld-musl"};

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
        if (strncmp(object, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

/* A row of functions that may be of another kind: then the stack has no native frames. */
static uint32_t function_of(const struct gw_model *model, uint32_t stack)
{
    for (uint32_t at = stack; at != 0; at = model->stacks[at].parent) {
        const struct gw_model_function *function = &model->functions[model->stacks[at].function];
        if (function->kind != GW_FUNCTION_NATIVE)
            break;
        if (!is_c_library(gw_model_text(model, function->file)))
            return model->stacks[at].function;
    }
    return model->stacks[stack].function;
}

static uint32_t call_of(const struct gw_model *model, uint32_t stack)
{
    while (model->functions[model->stacks[stack].function].kind == GW_FUNCTION_NATIVE)
        stack = model->stacks[stack].parent;
    uint32_t c_function = gw_model_c_function(model, stack);
    return c_function ? c_function : model->stacks[stack].function;
}

static void sum_calls(const struct gw_model *model, struct gw_native_holds *holds,
                      struct call *calls)
{
    for (size_t i = 0; i < model->n_slices; i++) {
        const struct gw_model_slice *slice = &model->slices[i];
        struct call *call = &calls[call_of(model, slice->stack)];
        if (!gw_state_holds_gil(slice->state) || model->threads[slice->thread].hidden)
            continue;
        if (slice->state == GW_STATE_GIL_BLOCKED)
            call->asleep_ns += slice->ns;
        else
            call->running_ns += slice->ns;
        holds->held_ns += slice->ns;
    }
    for (size_t i = 0; i < model->n_pairs; i++) {
        const struct gw_model_pair *pair = &model->pairs[i];
        if (pair->kind == GW_BLAME_HELD && gw_model_holder_shown(model, pair))
            calls[call_of(model, pair->holder_stack)].wait_ns += pair->ns;
    }
    for (size_t i = 0; i < model->n_natives; i++) {
        const struct gw_model_native *native = &model->natives[i];
        if (!gw_state_holds_gil(native->state) || model->threads[native->thread].hidden)
            continue;
        calls[call_of(model, native->stack)].stops += native->stops;
        holds->stops += native->stops;
    }
    for (size_t i = 0; i < model->n_functions; i++)
        holds->unseen_ns += calls[i].stops ? 0 : calls[i].running_ns;
}

/* One row for a function in a call; its ns are those seen asleep for now. */
static bool sum_rows(const struct gw_model *model, struct gw_native_holds *holds)
{
    /* The key is the first two fields. */
    struct gw_rows rows = {.row_bytes = sizeof(struct gw_native_hold),
                           .key_bytes = 2 * sizeof(uint32_t)};

    for (size_t i = 0; i < model->n_natives; i++) {
        const struct gw_model_native *native = &model->natives[i];
        struct gw_native_hold key = {.function = function_of(model, native->stack),
                                     .call = call_of(model, native->stack)};
        if (!gw_state_holds_gil(native->state) || model->threads[native->thread].hidden ||
            model->functions[key.function].kind != GW_FUNCTION_NATIVE)
            continue;
        int64_t at = gw_rows_put(&rows, &key);
        if (at < 0) {
            gw_rows_fini(&rows);
            return false;
        }
        struct gw_native_hold *row = gw_rows_at(&rows, (uint32_t)at);
        row->ns += native->ns;
        row->stops += native->stops;
    }
    holds->n = rows.n;
    holds->rows = gw_rows_steal(&rows);
    return true;
}

/* A part of the call's time as the stops tell it; the interval is that of Agresti and Coull, which
 * holds for few stops as well. */
static void estimate(struct gw_native_hold *row, const struct call *call)
{
    double n = call->stops, running = (double)call->running_ns;
    double wide = n + QUANTILE * QUANTILE;
    double middle = (row->stops + QUANTILE * QUANTILE / 2) / wide;
    double part = call->stops ? row->stops / n : 0;

    if (call->stops)
        row->margin_ns = (uint64_t)(running * QUANTILE * sqrt(middle * (1 - middle) / wide));
    row->ns += (uint64_t)(running * part);
    uint64_t held_ns = call->running_ns + call->asleep_ns;
    row->wait_ns =
        held_ns ? (uint64_t)((double)call->wait_ns * (double)row->ns / (double)held_ns) : 0;
}

/* Longest first, then as in the capture. */
static int compare_rows(const void *a, const void *b)
{
    const struct gw_native_hold *x = a, *y = b;

    if (x->ns != y->ns)
        return x->ns < y->ns ? 1 : -1;
    if (x->function != y->function)
        return x->function < y->function ? -1 : 1;
    return x->call < y->call ? -1 : x->call > y->call;
}

static bool fill(const struct gw_model *model, struct gw_native_holds *holds)
{
    struct call *calls = calloc(model->n_functions + 1, sizeof *calls);
    bool done = calls && sum_rows(model, holds);

    if (done) {
        sum_calls(model, holds, calls);
        for (size_t i = 0; i < holds->n; i++)
            estimate(&holds->rows[i], &calls[holds->rows[i].call]);
        if (holds->n)
            qsort(holds->rows, holds->n, sizeof *holds->rows, compare_rows);
    }
    free(calls);
    return done;
}

struct gw_native_holds *gw_native_holds_new(const struct gw_model *model)
{
    struct gw_native_holds *holds = calloc(1, sizeof *holds);

    if (holds && fill(model, holds))
        return holds;
    gw_native_holds_free(holds);
    return NULL;
}

void gw_native_holds_free(struct gw_native_holds *holds)
{
    if (!holds)
        return;
    free(holds->rows);
    free(holds);
}
