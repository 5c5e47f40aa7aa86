/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stacks that the page keeps apart: those with a part worth seeing of something that the page
 * can draw (waiting, making others wait, holding the GIL, CPU, all time), each held against the
 * whole of its own, so that a wait of milliseconds is not lost in hours of sleep. What is below
 * one of them and too small itself is one frame, "small", on top of it.
 */
#ifndef GW_HTML_FOLD_H
#define GW_HTML_FOLD_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

/* Where folding starts, and how many stacks a page draws without effort. */
#define GW_HTML_FOLD_SHARE 0.0005
#define GW_HTML_MAX_STACKS 20000u

/* In place of a row of functions: whatever was folded. */
#define GW_HTML_SMALL UINT32_MAX

/* As a row of stacks, with the parent a row of the fold; row 0 is the empty stack. */
struct gw_html_stack {
    uint32_t parent;
    uint32_t function; /* row of functions, or GW_HTML_SMALL */
    uint32_t line;
};

/* Zero-initialised is empty. */
struct gw_html_fold {
    uint32_t *row; /* by row of the model's stacks */
    struct gw_html_stack *stacks;
    size_t n;
    double share; /* of each whole, below which stacks are folded */
};

/* Fold below `share`, and where more than `max` stacks are left, below twice that, and so on. What
 * threads do that are not shown is no part of any whole. Returns 0 or -ENOMEM; fini in either
 * case. */
int gw_html_fold_make(struct gw_html_fold *fold, const struct gw_model *model, double share,
                      size_t max);

void gw_html_fold_fini(struct gw_html_fold *fold);

#endif
