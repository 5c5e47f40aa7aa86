/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The differential flame graphs: the GIL wait of two recordings in one tree, by the stacks of those
 * who wait or of those who hold the GIL meanwhile. Threads and functions are found again as diff.h
 * does it, so stacks have no lines.
 */
#ifndef GW_DIFF_TREE_H
#define GW_DIFF_TREE_H

#include <jansson.h>

#include "diff.h"

/* How many nodes a page draws without effort. */
#define GW_HTML_MAX_NODES 20000u

enum gw_diff_tree {
    GW_DIFF_WAITERS, /* group of threads that wait, their stack */
    GW_DIFF_HOLDERS, /* group of threads that hold the GIL, their stack */
};

/*
 * Build a tree of nodes {"n": label, "k": kind, "b": before, "v": after, "c": [children]}, both in
 * seconds per second of recording. Kinds: "all" (the root), "thread" (a group of them), "frame"
 * (left out of the object), "handoff" and "unknown" (no holder), "small". The root is the GIL wait
 * of all threads.
 *
 * Nodes that are under *fold_share of their side's whole on both sides are summed into one "small"
 * child of their parent. Where that leaves more than max_nodes nodes, *fold_share is doubled until
 * it does not.
 *
 * Returns a new reference, or NULL when memory ran out.
 */
json_t *gw_diff_tree_json(const struct gw_diff *diff,
                          const struct gw_model *const models[GW_N_DIFF_SIDES],
                          enum gw_diff_tree tree, size_t max_nodes, double *fold_share);

#endif
