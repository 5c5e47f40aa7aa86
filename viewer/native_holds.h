/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C functions that hold the GIL, as far as native stacks were recorded (--native): the innermost
 * one of each that is not of the C library, whose functions work for whoever calls them. What a call of Python code into C holds is known from the ticks; which functions it
 * spends that in is told by the stops that found it there, as parts of it, and without a stop where
 * it slept with the GIL.
 */
#ifndef GW_NATIVE_HOLDS_H
#define GW_NATIVE_HOLDS_H

#include "model/model.h"

struct gw_native_hold {
    uint32_t function;  /* row of functions, of kind GW_FUNCTION_NATIVE */
    uint32_t call;      /* the C function that Python code has called, or if that could not be told
                           the Python function: a row of functions */
    uint64_t ns;        /* it held the GIL for so long, and */
    uint64_t margin_ns; /* that is half of the 95 % interval of what the stops tell of it */
    uint64_t wait_ns;   /* others waited meanwhile */
    uint32_t stops;     /* that found it holding the GIL */
};

struct gw_native_holds {
    struct gw_native_hold *rows; /* largest first */
    size_t n;
    uint64_t held_ns;   /* by all threads shown, in any code */
    uint64_t unseen_ns; /* of that, in calls that no stop found holding the GIL */
    uint32_t stops;     /* that found a thread holding the GIL */
};

/* NULL when memory ran out. No rows: nothing was recorded. */
struct gw_native_holds *gw_native_holds_new(const struct gw_model *model);
void gw_native_holds_free(struct gw_native_holds *holds);

#endif
