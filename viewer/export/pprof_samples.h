/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of a model as pprof has them: a sample is a stack of one thread in one state, with a
 * value of each type. Both sides of a wait are there, each in its own stack: gil_wait in the
 * waiter's, split by who held the GIL, and gil_blame in the holder's. So
 *
 *     sum of gil_blame + gil_wait behind no known holder == sum of gil_wait
 *
 * as long as all threads are shown: those that are hidden have no samples.
 */
#ifndef GW_EXPORT_PPROF_SAMPLES_H
#define GW_EXPORT_PPROF_SAMPLES_H

#include "model/model.h"
#include "model/rows.h"

/* In the order of the file: some readers take the first value, some the last. */
#define GW_PPROF_VALUE_LIST(X)                                                                     \
    X(SAMPLES, "samples", "count")                                                                 \
    X(WALL, "wall", "nanoseconds")         /* time in any state but stopped */                     \
    X(CPU, "cpu", "nanoseconds")           /* time in a state on a CPU */                          \
    X(GIL_HOLD, "gil_hold", "nanoseconds") /* time in which it held the GIL */                     \
    X(GIL_BLAME, "gil_blame",                                                                      \
      "nanoseconds")                       /* GIL wait that it caused meanwhile, of all waiters */ \
    X(GIL_WAIT, "gil_wait", "nanoseconds") /* GIL wait that it suffered */

enum gw_pprof_value {
#define GW_PPROF_VALUE_ENUM(name, type, unit) GW_PPROF_##name,
    GW_PPROF_VALUE_LIST(GW_PPROF_VALUE_ENUM)
#undef GW_PPROF_VALUE_ENUM
        GW_PPROF_N_VALUES
};

/* Who is blamed for a wait. */
enum gw_pprof_holder {
    GW_PPROF_NO_WAIT, /* the sample is no wait */
    GW_PPROF_HELD,
    GW_PPROF_HANDOFF,
    GW_PPROF_UNKNOWN,
};

/* "No GIL": the state of the sample has nothing to do with one. */
#define GW_PPROF_NO_GIL UINT32_MAX

/* The members before `values` are the key. */
struct gw_pprof_sample {
    uint32_t thread; /* row of threads */
    uint32_t stack;
    uint32_t gil; /* row of gils or GW_PPROF_NO_GIL */
    uint32_t state;
    uint32_t holder_kind;     /* enum gw_pprof_holder */
    uint32_t holder;          /* row of threads for GW_PPROF_HELD, else 0 */
    uint32_t holder_function; /* row of functions, likewise */
    uint64_t values[GW_PPROF_N_VALUES];
};

/* Make the rows of struct gw_pprof_sample; give them to gw_rows_fini, also after an error. Returns
 * 0, -ENOMEM, -GW_E_LIMIT, or -GW_E_BAD_DATA for a model against which gw_model_check has something
 * to say. */
int gw_pprof_samples(const struct gw_model *model, struct gw_rows *out);

#endif
