/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two flame graphs of the HTML page: every pair of waiter and holder as a path in a tree, once
 * from the waiter to the holder and once the other way round. Both trees sum to the whole GIL wait
 * (the law of blame), also after folding; where some threads only are shown, to that of the pairs
 * with one of them on either side.
 */
#ifndef GW_HTML_TREE_H
#define GW_HTML_TREE_H

#include <jansson.h>

#include "html_fold.h"
#include "model/model.h"

enum gw_html_view {
    GW_HTML_VICTIMS,  /* waiter thread, waiter stack, link, holder thread, holder stack */
    GW_HTML_CULPRITS, /* holder thread, holder stack, link, waiter thread, waiter stack */
};

/* How many nodes a page draws without effort; folding starts at GW_HTML_FOLD_SHARE. */
#define GW_HTML_MAX_NODES 20000u

/*
 * Build a tree of nodes {"n": name, "f": file, "l": line, "k": kind, "t": tid or pid, "v": ns, "c":
 * [children]}. Kinds: "all" (the root), "process" (only where several were sampled), "thread",
 * "frame" (left out of the object), "link" (here the other side of the pair begins), "handoff" and
 * "unknown" (no holder), "small". Keys that mean nothing for a kind are left out.
 *
 * Nodes under *fold_share of the whole are summed into one "small" child of their parent. Where
 * that leaves more than max_nodes nodes, *fold_share is doubled until it does not.
 *
 * Returns a new reference, or NULL when memory ran out.
 */
json_t *gw_html_tree_json(const struct gw_model *model, enum gw_html_view view, size_t max_nodes,
                          double *fold_share);

#endif
