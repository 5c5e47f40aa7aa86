/* SPDX-License-Identifier: Apache-2.0 */
#include "model/tables.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"

/* The key of a record is all that stands before the field named. */
#define ROWS_OF(type, first_value)                                                                 \
    {                                                                                              \
        .row_bytes = sizeof(struct type), .key_bytes = offsetof(struct type, first_value)          \
    }

int gw_tables_init(struct gw_tables *tables)
{
    *tables = (struct gw_tables){
        .strings = gw_strtab_new(),
        .functions = {.row_bytes = sizeof(struct gw_model_function),
                      .key_bytes = sizeof(struct gw_model_function)},
        .stacks = ROWS_OF(gw_model_stack, depth),
        .processes = ROWS_OF(gw_model_process, ns_pid),
        .threads = ROWS_OF(gw_model_thread, ns_tid),
        .gils = {.row_bytes = sizeof(struct gw_model_gil),
                 .key_bytes = sizeof(int64_t) + sizeof(uint32_t)},
        .slices = ROWS_OF(gw_model_slice, ns),
        .natives = ROWS_OF(gw_model_native, stops),
    };
    if (!tables->strings || gw_rows_put(&tables->functions, &(struct gw_model_function){0}) < 0 ||
        gw_rows_put(&tables->stacks, &(struct gw_model_stack){0}) < 0)
        return -ENOMEM;
    return 0;
}

void gw_tables_fini(struct gw_tables *tables)
{
    gw_strtab_free(tables->strings);
    gw_rows_fini(&tables->functions);
    gw_rows_fini(&tables->stacks);
    gw_rows_fini(&tables->processes);
    gw_rows_fini(&tables->threads);
    gw_rows_fini(&tables->gils);
    gw_rows_fini(&tables->slices);
    gw_rows_fini(&tables->natives);
    *tables = (struct gw_tables){0};
}

/* Zero a record from the field named to its end. */
#define CLEAR_FROM(record, first_sum)                                                              \
    memset(&(record)->first_sum, 0, sizeof *(record)-offsetof(__typeof__(*(record)), first_sum))

void gw_tables_clear_sums(struct gw_tables *tables)
{
    for (uint32_t i = 0; i < tables->processes.n; i++)
        CLEAR_FROM(gw_tables_process(tables, i), ticks);
    for (uint32_t i = 0; i < tables->threads.n; i++) {
        gw_tables_thread(tables, i)->exact = false;
        CLEAR_FROM(gw_tables_thread(tables, i), cpu_ns);
    }
    for (uint32_t i = 0; i < tables->gils.n; i++)
        CLEAR_FROM(gw_tables_gil(tables, i), held_ns);
    gw_rows_fini(&tables->slices);
    gw_rows_fini(&tables->natives);
}

int64_t gw_tables_string(struct gw_tables *tables, const char *text)
{
    char safe[GW_TEXT_ROOM];
    size_t len = gw_text_from_bytes((const uint8_t *)text, strlen(text), safe, sizeof safe);
    int rc = gw_strtab_reserve(tables->strings, 1, len);

    return rc < 0 ? rc : gw_strtab_intern(tables->strings, safe);
}

int64_t gw_tables_stack(struct gw_tables *tables, uint32_t parent, uint32_t function, uint32_t line)
{
    const struct gw_model_stack *caller = gw_rows_at(&tables->stacks, parent);
    uint32_t depth = caller->depth + 1;
    struct gw_model_stack key = {.parent = parent, .function = function, .line = line};

    if (depth > GW_MODEL_MAX_DEPTH)
        return -GW_E_BAD_DATA;
    int64_t row = gw_rows_put(&tables->stacks, &key);
    if (row >= 0) {
        struct gw_model_stack *stack = gw_rows_at(&tables->stacks, (uint32_t)row);
        stack->depth = depth;
    }
    return row;
}
