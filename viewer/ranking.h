/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a report, largest first: what the text, the JSON and the page show. Where some
 * threads only are shown, pairs have one of them on either side, `suffered` is where these wait,
 * and `caused` where these make others wait. */
#ifndef GW_RANKING_H
#define GW_RANKING_H

#include "model/model.h"

/* One thread in one place: its innermost Python frame, and what that has called. */
struct gw_ranking_side {
    uint32_t thread; /* row of threads; GW_NO_THREAD for no holder */
    uint32_t function;
    uint32_t line;
    uint32_t c_function; /* row of functions; 0: none, as far as known */
};

/* All pairs between two such places. */
struct gw_ranking_blame {
    struct gw_ranking_side waiter, holder;
    uint32_t kind; /* enum gw_blame_kind */
    uint64_t ns;
};

/* One function as it suffers or causes wait. */
struct gw_ranking_function {
    uint32_t function;
    uint64_t self_ns;  /* it was the leaf frame */
    uint64_t total_ns; /* it was anywhere on the stack */
};

struct gw_ranking {
    uint32_t *threads; /* rows of threads, most GIL wait first, then most observed time */
    struct gw_ranking_blame *blame;
    struct gw_ranking_function *suffered; /* by self_ns, then total_ns */
    struct gw_ranking_function *caused;
    size_t n_threads, n_blame, n_suffered, n_caused;
    uint64_t wait_ns; /* of all threads, shown or not: what `blame` sums to if all are */
};

/* NULL when memory ran out. */
struct gw_ranking *gw_ranking_new(const struct gw_model *model);

void gw_ranking_free(struct gw_ranking *ranking);

#endif
