/* SPDX-License-Identifier: Apache-2.0 */
#include "summary_place.h"

#include <stddef.h>
#include <stdlib.h>

#include "model/label.h"
#include "model/rows.h"

/* A function on the stack for at least this part of the time stands for all of it. */
#define MOST 0.75

struct function_sum {
    uint64_t ns;
    double depth; /* of its leafmost frame, times ns */
};

struct line_sum {
    uint32_t line;
    uint64_t ns;
};

/* Leafmost frame of a function on a stack: its row, or 0. */
static uint32_t find_frame(const struct gw_model *model, uint32_t stack, uint32_t function)
{
    while (stack != 0 && model->stacks[stack].function != function)
        stack = model->stacks[stack].parent;
    return stack;
}

/* Each function once for each stack, at its leafmost frame. */
static void sum_functions(const struct gw_model *model, const uint64_t *stack_ns,
                          struct function_sum *sums, uint32_t *met)
{
    for (uint32_t i = 1; i < model->n_stacks; i++) {
        if (stack_ns[i] == 0)
            continue;
        for (uint32_t at = i; at != 0; at = model->stacks[at].parent) {
            uint32_t function = model->stacks[at].function;
            if (met[function] == i)
                continue;
            met[function] = i;
            sums[function].ns += stack_ns[i];
            sums[function].depth += (double)model->stacks[at].depth * (double)stack_ns[i];
        }
    }
}

static uint32_t find_deepest(const struct gw_model *model, const struct function_sum *sums,
                             uint64_t total_ns)
{
    uint32_t best = 0;
    double best_depth = 0;

    for (uint32_t i = 1; i < model->n_functions; i++) {
        double depth = sums[i].ns ? sums[i].depth / (double)sums[i].ns : 0;
        if (model->functions[i].kind == GW_FUNCTION_PYTHON &&
            (double)sums[i].ns >= MOST * (double)total_ns && depth > best_depth) {
            best = i;
            best_depth = depth;
        }
    }
    return best;
}

static uint32_t find_line(const struct gw_model *model, const uint64_t *stack_ns, uint32_t function)
{
    struct gw_rows lines = {.row_bytes = sizeof(struct line_sum),
                            .key_bytes = offsetof(struct line_sum, line) + sizeof(uint32_t)};
    struct line_sum best = {0};

    for (uint32_t i = 1; i < model->n_stacks; i++) {
        uint32_t frame = stack_ns[i] ? find_frame(model, i, function) : 0;
        if (frame == 0)
            continue;
        const struct line_sum key = {.line = model->stacks[frame].line};
        int64_t row = gw_rows_put(&lines, &key);
        if (row < 0)
            break;
        struct line_sum *sum = gw_rows_at(&lines, (uint32_t)row);
        sum->ns += stack_ns[i];
        if (sum->ns > best.ns)
            best = *sum;
    }
    gw_rows_fini(&lines);
    return best.line;
}

/* The C function in which most of the time of a function was spent, 0 if there is none. sums: as
 * many as there are functions, used up. */
static uint32_t find_c_function(const struct gw_model *model, const uint64_t *stack_ns,
                                const struct gw_place *place, struct function_sum *sums)
{
    for (size_t i = 0; i < model->n_functions; i++)
        sums[i].ns = 0;
    for (uint32_t i = 1; i < model->n_stacks; i++) {
        uint32_t c_function = stack_ns[i] ? gw_model_c_function(model, i) : 0;
        if (c_function && find_frame(model, i, place->function))
            sums[c_function].ns += stack_ns[i];
    }
    for (uint32_t i = 1; i < model->n_functions; i++)
        if (sums[i].ns > place->ns / 2)
            return i;
    return 0;
}

struct gw_place gw_place_of(const struct gw_model *model, const uint64_t *stack_ns)
{
    struct function_sum *sums = calloc(model->n_functions + 1, sizeof *sums);
    uint32_t *met = calloc(model->n_functions + 1, sizeof *met);
    struct gw_place place = {0};

    for (size_t i = 0; i < model->n_stacks; i++)
        place.ns += stack_ns[i];
    if (sums && met) {
        sum_functions(model, stack_ns, sums, met);
        place.function = find_deepest(model, sums, place.ns);
        place.line = place.function ? find_line(model, stack_ns, place.function) : 0;
        place.ns = place.function ? sums[place.function].ns : place.ns;
        place.c_function = place.function ? find_c_function(model, stack_ns, &place, sums) : 0;
    }
    free(sums);
    free(met);
    return place;
}

struct gw_place gw_place_find(const struct gw_model *model, const bool *waiters,
                              const bool *holders)
{
    uint64_t *stack_ns = calloc(model->n_stacks + 1, sizeof *stack_ns);
    struct gw_place place = {0};

    if (stack_ns) {
        for (size_t i = 0; i < model->n_pairs; i++) {
            const struct gw_model_pair *pair = &model->pairs[i];
            if (pair->kind == GW_BLAME_HELD && waiters[pair->waiter] && holders[pair->holder])
                stack_ns[pair->holder_stack] += pair->ns;
        }
        place = gw_place_of(model, stack_ns);
    }
    free(stack_ns);
    return place;
}

void gw_place_put(FILE *out, const struct gw_model *model, const struct gw_place *place)
{
    gw_label_place(out, model, place->function, place->line, NULL);
    gw_label_c_function(out, model, place->c_function, NULL);
}
