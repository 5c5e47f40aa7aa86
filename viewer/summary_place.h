/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place to name for a thread that makes others wait: the deepest function that is on the
 * stack in most of the time. A leaf frame would be too deep (a hog calls many small functions), a
 * root frame says nothing.
 */
#ifndef GW_SUMMARY_PLACE_H
#define GW_SUMMARY_PLACE_H

#include "model/model.h"

struct gw_place {
    uint32_t function; /* row of functions */
    uint32_t line;     /* where in it most of the time went */
    uint64_t ns;       /* wait that the holders caused while they were in this function */
};

/* Over the pairs of these waiters and these holders (by row of threads). Function 0 if there are
 * none or memory ran out. */
struct gw_place gw_place_find(const struct gw_model *model, const bool *waiters,
                              const bool *holders);

#endif
