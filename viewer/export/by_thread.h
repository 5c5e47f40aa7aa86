/* SPDX-License-Identifier: Apache-2.0 */
/* Slices, pairs and spans thread by thread, for formats that want each thread whole. */
#ifndef GW_EXPORT_BY_THREAD_H
#define GW_EXPORT_BY_THREAD_H

#include "model/model.h"
#include "model/timeline.h"

/* Ends a chain. */
#define GW_BY_THREAD_END UINT32_MAX

/* Rows of one array: first[thread], then next[row] until GW_BY_THREAD_END. They keep
 * their order. */
struct gw_by_thread {
    uint32_t *first; /* by row of threads */
    uint32_t *next;  /* by row */
};

/* Zero-initialised is fine for fini, which follows in any case. 0 or -ENOMEM. */
int gw_by_thread_slices(struct gw_by_thread *chains, const struct gw_model *model);

/* Of the pairs: by waiter. */
int gw_by_thread_pairs(struct gw_by_thread *chains, const struct gw_model *model);

/* Of a finished timeline: those of its threads. */
int gw_by_thread_spans(struct gw_by_thread *chains, const struct gw_model *model,
                       const struct gw_timeline *timeline);

void gw_by_thread_fini(struct gw_by_thread *chains);

#endif
