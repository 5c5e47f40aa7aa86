/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed between two recordings as one HTML page that needs nothing but itself: the sentence,
 * the tables and two differential flame graphs. viewer/web makes the page, this file its data.
 */
#ifndef GW_DIFF_HTML_H
#define GW_DIFF_HTML_H

#include <jansson.h>
#include <stdio.h>

#include "diff.h"
#include "likeness.h"

/*
 * What the page shows: the diff (diff_json.h) and beside it
 *   summary            the sentence (diff_text.h)
 *   before, after      also have the name of the capture, without its folder, and whether it is
 *                      complete
 *   waiters, holders   trees of diff_tree.h
 *   folded             {share: what is below this share of the whole, before and after, is in
 *                      "small"}
 *   omitted            {TABLE: how many rows are left out}
 * `top` limits the rows of each table (0: all). Returns a new reference, or NULL when memory ran
 * out.
 */
json_t *gw_diff_html_data(const struct gw_likeness_side sides[GW_N_DIFF_SIDES], size_t top);

/* Write the page. Returns what gw_html_page_write does; `out` is neither flushed nor closed. */
int gw_diff_html_write(const struct gw_likeness_side sides[GW_N_DIFF_SIDES], size_t top,
                       const char *title, FILE *out);

#endif
