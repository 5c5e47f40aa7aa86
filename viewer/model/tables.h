/* SPDX-License-Identifier: Apache-2.0 */
/* The arrays of a model while it grows. */
#ifndef GW_MODEL_TABLES_H
#define GW_MODEL_TABLES_H

#include "base/strtab.h"
#include "model/model.h"
#include "model/rows.h"

/* Rows are those of struct gw_model; each begins with its key. */
struct gw_tables {
    struct gw_strtab *strings;
    struct gw_rows functions;
    struct gw_rows stacks;
    struct gw_rows processes;
    struct gw_rows threads;
    struct gw_rows gils;
    struct gw_rows slices;
    struct gw_rows natives;
    const bool *hidden; /* by row of threads: which of them are; borrowed, NULL: none is */
    size_t n_hidden;    /* from this row on all are */
};

/* With the rows 0 of strings, functions and stacks. 0 or -ENOMEM; fini in either case. */
int gw_tables_init(struct gw_tables *tables);

void gw_tables_fini(struct gw_tables *tables);

/* Forget what was summed up, and all slices; who and what there is stays, with its rows. */
void gw_tables_clear_sums(struct gw_tables *tables);

/* Row of a text that somebody else made: made safe first (base/text.h). -ENOMEM. */
int64_t gw_tables_string(struct gw_tables *tables, const char *text);

/* Row of a stack: one frame on top of the stack `parent`. -ENOMEM, -GW_E_LIMIT, or
 * -GW_E_BAD_DATA for a stack deeper than GW_MODEL_MAX_DEPTH. */
int64_t gw_tables_stack(struct gw_tables *tables, uint32_t parent, uint32_t function,
                        uint32_t line);

/* Whether a stack ends in a C function. */
static inline bool gw_tables_ends_in_c(const struct gw_tables *tables, uint32_t stack)
{
    const struct gw_model_stack *leaf = gw_rows_at(&tables->stacks, stack);
    const struct gw_model_function *function = gw_rows_at(&tables->functions, leaf->function);
    return function->kind == GW_FUNCTION_C;
}

static inline struct gw_model_process *gw_tables_process(const struct gw_tables *tables,
                                                         uint32_t row)
{
    return gw_rows_at(&tables->processes, row);
}

static inline struct gw_model_thread *gw_tables_thread(const struct gw_tables *tables, uint32_t row)
{
    return gw_rows_at(&tables->threads, row);
}

static inline struct gw_model_gil *gw_tables_gil(const struct gw_tables *tables, uint32_t row)
{
    return gw_rows_at(&tables->gils, row);
}

#endif
