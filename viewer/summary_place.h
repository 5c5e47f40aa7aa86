/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place to name for time spent in many stacks, as by a thread that makes others wait: the
 * deepest function that is on the stack in most of the time. A leaf frame would be too deep (a hog
 * calls many small functions), a root frame says nothing.
 */
#ifndef GW_SUMMARY_PLACE_H
#define GW_SUMMARY_PLACE_H

#include <stdio.h>

#include "model/model.h"

struct gw_place {
    uint32_t function; /* row of functions */
    uint32_t line;     /* where in it most of the time went */
    uint64_t ns;       /* spent while this function was on the stack */
    /* In which C function most of that was spent: row of functions; 0: in none, or none is known */
    uint32_t c_function;
};

/* Over the time spent in each stack (by row of stacks). Function 0, with all the time, if no
 * function is on the stack for most of it. */
struct gw_place gw_place_of(const struct gw_model *model, const uint64_t *stack_ns);

/* Over the pairs of these waiters and these holders (by row of threads). Function 0 if there are
 * none or memory ran out. */
struct gw_place gw_place_find(const struct gw_model *model, const bool *waiters,
                              const bool *holders);

/* "encode (app/pack.py:86) → _json.Encoder.__call__" */
void gw_place_put(FILE *out, const struct gw_model *model, const struct gw_place *place);

#endif
