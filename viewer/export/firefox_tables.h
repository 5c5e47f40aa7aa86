/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of one thread of a Firefox profile: its stacks, their frames, and the functions of
 * those. What the thread did stands above its stack as a frame of its own, which has the colour. */
#ifndef GW_EXPORT_FIREFOX_TABLES_H
#define GW_EXPORT_FIREFOX_TABLES_H

#include "model/model.h"
#include "model/rows.h"

/* "No state": the frame is one of code. */
#define GW_FIREFOX_CODE UINT32_MAX

/* No prefix: a root. */
#define GW_FIREFOX_ROOT UINT32_MAX

/* Each begins with its key. */
struct gw_firefox_func {
    uint32_t function; /* row of functions; 0 for a state */
    uint32_t state;    /* or GW_FIREFOX_CODE */
};

struct gw_firefox_frame {
    uint32_t function, state;
    uint32_t line;
    uint32_t func; /* row of funcs */
};

struct gw_firefox_stack {
    uint32_t stack; /* row of stacks of the model */
    uint32_t state;
    uint32_t prefix; /* row of stacks of these tables or GW_FIREFOX_ROOT */
    uint32_t frame;  /* row of frames */
};

struct gw_firefox_tables {
    struct gw_rows stacks, frames, funcs;
};

void gw_firefox_tables_init(struct gw_firefox_tables *tables);

/* Row of a thread's stack with its state on top: put there if it is new, with all below it first.
 * -ENOMEM or -GW_E_LIMIT. */
int64_t gw_firefox_tables_stack(struct gw_firefox_tables *tables, const struct gw_model *model,
                                uint32_t stack, uint32_t state);

void gw_firefox_tables_fini(struct gw_firefox_tables *tables);

#endif
