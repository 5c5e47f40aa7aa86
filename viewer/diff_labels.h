/* SPDX-License-Identifier: Apache-2.0 */
/* By what threads and functions of two captures are found again: equal labels, equal things. */
#ifndef GW_DIFF_LABELS_H
#define GW_DIFF_LABELS_H

#include "base/strtab.h"
#include "model/model.h"

/* Numbers of texts in a table of strings. */
struct gw_diff_labels {
    uint32_t *threads;          /* by row of threads: of its group */
    uint32_t *functions;        /* by row of functions */
    uint32_t nobody, not_known; /* blame without a holder */
};

/* Make those of a model; texts are added to `texts`. 0, -ENOMEM or -GW_E_LIMIT; call
 * gw_diff_labels_fini in either case. */
int gw_diff_labels_init(struct gw_diff_labels *labels, struct gw_strtab *texts,
                        const struct gw_model *model) __attribute__((warn_unused_result));

void gw_diff_labels_fini(struct gw_diff_labels *labels);

#endif
