/* SPDX-License-Identifier: Apache-2.0 */
/* Whether two captures are of the same kind of process, so that their figures may be compared. */
#ifndef GW_LIKENESS_H
#define GW_LIKENESS_H

#include "model/model.h"

/* A capture with what a person calls it. */
struct gw_likeness_side {
    const struct gw_model *model;
    const char *path;
};

/* 0; -GW_E_UNLIKE with *diag filled if one of them has no samples, if they are of different minor
 * versions of Python (where both are known) or only one is free-threaded, or if they have no group
 * of threads (thread_groups.h) in common; -ENOMEM. */
int gw_likeness_check(const struct gw_likeness_side *before, const struct gw_likeness_side *after,
                      struct gw_diag *diag);

#endif
