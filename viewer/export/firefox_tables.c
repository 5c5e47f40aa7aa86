/* SPDX-License-Identifier: Apache-2.0 */
#include "export/firefox_tables.h"

void gw_firefox_tables_init(struct gw_firefox_tables *tables)
{
    *tables = (struct gw_firefox_tables){
        .stacks = {.row_bytes = sizeof(struct gw_firefox_stack),
                   .key_bytes = offsetof(struct gw_firefox_stack, prefix)},
        .frames = {.row_bytes = sizeof(struct gw_firefox_frame),
                   .key_bytes = offsetof(struct gw_firefox_frame, func)},
        .funcs = {.row_bytes = sizeof(struct gw_firefox_func),
                  .key_bytes = sizeof(struct gw_firefox_func)},
    };
}

static int64_t put_frame(struct gw_firefox_tables *tables, uint32_t function, uint32_t state,
                         uint32_t line)
{
    const struct gw_firefox_func func = {.function = function, .state = state};
    const struct gw_firefox_frame frame = {.function = function, .state = state, .line = line};
    int64_t func_row = gw_rows_put(&tables->funcs, &func);
    int64_t row = func_row < 0 ? func_row : gw_rows_put(&tables->frames, &frame);

    if (row >= 0)
        ((struct gw_firefox_frame *)gw_rows_at(&tables->frames, (uint32_t)row))->func =
            (uint32_t)func_row;
    return row;
}

/* One stack, whose caller's is there. */
static int64_t put_stack(struct gw_firefox_tables *tables, const struct gw_firefox_stack *key,
                         uint32_t function, uint32_t line, uint32_t prefix)
{
    int64_t frame = put_frame(tables, function, key->state, line);
    int64_t row = frame < 0 ? frame : gw_rows_put(&tables->stacks, key);

    if (row < 0)
        return row;
    struct gw_firefox_stack *stack = gw_rows_at(&tables->stacks, (uint32_t)row);
    stack->prefix = prefix;
    stack->frame = (uint32_t)frame;
    return row;
}

/* All frames of code. A thread without one shows that as its frame. */
static int64_t put_code(struct gw_firefox_tables *tables, const struct gw_model *model,
                        uint32_t stack)
{
    uint32_t path[GW_MODEL_MAX_DEPTH];
    uint32_t n = 0;
    int64_t row = GW_FIREFOX_ROOT;

    do {
        path[n++] = stack;
        stack = model->stacks[stack].parent;
    } while (stack != 0);
    while (n-- > 0 && row >= 0) {
        const struct gw_model_stack *of = &model->stacks[path[n]];
        const struct gw_firefox_stack key = {.stack = path[n], .state = GW_FIREFOX_CODE};
        row = put_stack(tables, &key, of->function, of->line, (uint32_t)row);
    }
    return row;
}

int64_t gw_firefox_tables_stack(struct gw_firefox_tables *tables, const struct gw_model *model,
                                uint32_t stack, uint32_t state)
{
    const struct gw_firefox_stack key = {.stack = stack, .state = state};
    int64_t row = gw_rows_find(&tables->stacks, &key);

    if (row >= 0)
        return row;
    int64_t prefix = put_code(tables, model, stack);
    return prefix < 0 ? prefix : put_stack(tables, &key, 0, 0, (uint32_t)prefix);
}

void gw_firefox_tables_fini(struct gw_firefox_tables *tables)
{
    gw_rows_fini(&tables->stacks);
    gw_rows_fini(&tables->frames);
    gw_rows_fini(&tables->funcs);
}
