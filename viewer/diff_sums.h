/* SPDX-License-Identifier: Apache-2.0 */
/* One side of a diff: its figures, added to the rows of all tables. */
#ifndef GW_DIFF_SUMS_H
#define GW_DIFF_SUMS_H

#include "diff.h"
#include "model/rows.h"

/* Add what `model` says as side `side` of the diff (its labels, total, n_threads and looked_ns) and
 * to `tables`, whose rows are struct gw_diff_row with the label as key. 0, -ENOMEM or
 * -GW_E_LIMIT. */
int gw_diff_sums(struct gw_diff *diff, struct gw_rows tables[GW_N_DIFF_TABLES],
                 const struct gw_model *model, unsigned side) __attribute__((warn_unused_result));

/* When both sides are in the diff's tables: times of one side become times per time looked at. */
void gw_diff_sums_scale(struct gw_diff *diff, const struct gw_model *model, unsigned side);

#endif
