/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each thread did, bucket by bucket of time: the one list that everything in the page is
 * summed up from. In such a bucket a thread was so long in this state with this stack; for a wait
 * for the GIL it is also said whom it waited for, so that the records of waits are the blame.
 *
 * Of many threads in varied code there can be more records than a page holds. Then those lighter
 * than a grain are drawn by lot, within the state of a thread in a bucket: that keeps its sum to
 * the nanosecond, each record comes out with its weight on average, and what a group of them sums
 * to is off by chance only, by about the square root of its number of grains.
 */
#ifndef GW_HTML_RECORDS_H
#define GW_HTML_RECORDS_H

#include "html_fold.h"
#include "model/timeline.h"

#define GW_HTML_BUCKETS 600u
#define GW_HTML_MAX_RECORDS 400000u

/* In place of an enum gw_blame_kind: no wait for the GIL. */
#define GW_HTML_NO_WAIT GW_N_BLAME_KINDS

/* How the time of a model is cut into equal buckets: fewer of many threads, and none is shorter
 * than a tick. */
struct gw_html_time {
    uint64_t begin_ns;
    uint64_t bucket_ns;
    uint32_t n_buckets;
};

/* All but ns is the key. */
struct gw_html_record {
    uint32_t bucket;
    uint32_t thread; /* row of threads */
    uint32_t state;
    uint32_t stack;  /* row of the fold */
    uint32_t kind;   /* enum gw_blame_kind, or GW_HTML_NO_WAIT */
    uint32_t holder; /* row of threads, or GW_NO_THREAD */
    uint32_t holder_stack;
    uint64_t ns;
};

/* So long a GIL was held in a bucket, by whom. All but ns is the key. */
struct gw_html_holding {
    uint32_t bucket;
    uint32_t gil;    /* row of gils */
    uint32_t kind;   /* enum gw_blame_kind */
    uint32_t holder; /* row of threads, or GW_NO_THREAD */
    uint64_t ns;
};

/* Zero-initialised is empty. */
struct gw_html_records {
    struct gw_html_time time;
    struct gw_html_record *records; /* in the order of their keys */
    size_t n;
    struct gw_html_holding *holdings; /* likewise */
    size_t n_holdings;
    uint64_t *wait_ns; /* by bucket: of all threads, shown or not */
    uint64_t grain_ns; /* 0: all records are exact */
};

struct gw_html_time gw_html_time_of(const struct gw_model *model);

/* From a finished timeline of the model: of threads that are shown, and the waits that those make
 * others wait; at most about `max` records. Returns 0, -ENOMEM or -GW_E_LIMIT; fini in either
 * case. */
int gw_html_records_make(struct gw_html_records *records, const struct gw_model *model,
                         const struct gw_timeline *timeline, const struct gw_html_fold *fold,
                         size_t max);

void gw_html_records_fini(struct gw_html_records *records);

#endif
