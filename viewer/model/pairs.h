/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waits by who waited (a row of slices: thread, stack, GIL, state) and by who held the GIL
 * (thread, stack, state). Exact as long as there are fewer pairs than a limit.
 *
 * A pool of threads in varied code can make more pairs in an hour than memory holds, nearly all of
 * them of one tick. At the limit the light pairs are thinned by lot: those below a grain are drawn
 * with a chance of their weight to the grain, and one that is drawn weighs a grain. From then on a
 * pair that is new adds to the debt of its waiter's row, and once the debt reaches a grain the
 * pair at hand takes it. So every row keeps its sum to the nanosecond (the law of blame), heavy
 * pairs stay as they are, and what any group of pairs adds up to is off by chance only, by
 * about the square root of its number of grains.
 */
#ifndef GW_MODEL_PAIRS_H
#define GW_MODEL_PAIRS_H

#include "model/rows.h"
#include "model/tables.h"

/* Who held the GIL in which place: the key of a row of `holders`. */
struct gw_pairs_holder {
    uint32_t kind;   /* enum gw_blame_kind */
    uint32_t thread; /* row of threads, or GW_NO_THREAD */
    uint32_t stack;
    uint32_t state;
};

struct gw_pairs_row;

struct gw_pairs {
    struct gw_rows holders;
    struct gw_pairs_row *rows; /* by row of slices */
    size_t cap_rows;
    size_t n; /* pairs in all rows */
    size_t limit;
    uint64_t total_ns; /* of all pairs and debts */
    uint64_t grain_ns; /* 0: all pairs are exact */
};

/* With room for `limit` pairs (and one more for each row of slices). */
void gw_pairs_init(struct gw_pairs *pairs, size_t limit);

/* Row of a holder. -ENOMEM or -GW_E_LIMIT. */
int64_t gw_pairs_holder(struct gw_pairs *pairs, const struct gw_pairs_holder *key);

/* Make place for rows of slices below n. 0 or -ENOMEM. */
int gw_pairs_reserve(struct gw_pairs *pairs, size_t n);

/* Add a wait of ns to the pair of a row of slices, below what is reserved, and a row of holders.
 * 0 or -ENOMEM. */
int gw_pairs_add(struct gw_pairs *pairs, uint32_t slice, uint32_t holder, uint64_t ns);

/* All pairs as an array of their own (free it), and what the rows still held is forgotten.
 * 0 or -ENOMEM. */
int gw_pairs_finish(struct gw_pairs *pairs, const struct gw_tables *tables,
                    struct gw_model_pair **out, size_t *n_out);

void gw_pairs_fini(struct gw_pairs *pairs);

#endif
