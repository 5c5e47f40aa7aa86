/* SPDX-License-Identifier: Apache-2.0 */
/* The slices and pairs of a model thread by thread, for formats that want each thread whole. */
#ifndef GW_EXPORT_BY_THREAD_H
#define GW_EXPORT_BY_THREAD_H

#include "model/model.h"

/* Ends a chain. */
#define GW_BY_THREAD_END UINT32_MAX

/* Rows of one array of the model: first[thread], then next[row] until GW_BY_THREAD_END. They keep
 * their order. */
struct gw_by_thread {
    uint32_t *first; /* by row of threads */
    uint32_t *next;  /* by row */
};

/* Zero-initialised is fine for fini, which follows in any case. 0 or -ENOMEM. */
int gw_by_thread_slices(struct gw_by_thread *chains, const struct gw_model *model);

/* Of the pairs: by waiter. */
int gw_by_thread_pairs(struct gw_by_thread *chains, const struct gw_model *model);

void gw_by_thread_fini(struct gw_by_thread *chains);

#endif
