/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who loses time to the GIL and who makes them: what the summary sentence and the verdict are made
 * from. It tells apart:
 *
 * - culprit: some threads lose time, and most of it while one other thread (or few) hold the GIL.
 * - in turn: those who wait are those who hold it, one after the other: a pool of threads that is
 *   CPU-bound in Python. There is nobody to blame.
 * - innocent: no thread loses much.
 *
 * A thread counts as one that loses time from GW_LOSSES_SUFFERS of its observed time on, where the
 * 95 % interval leaves no doubt that it waits at all.
 */
#ifndef GW_LOSSES_H
#define GW_LOSSES_H

#include "model/estimate.h"
#include "model/model.h"
#include "summary_place.h"

/* A thread that loses less than this share of its time to the GIL does not count. */
#define GW_LOSSES_SUFFERS 0.05

enum gw_losses_kind {
    GW_LOSSES_NOTHING, /* no thread was observed */
    GW_LOSSES_NO_GIL,
    GW_LOSSES_INNOCENT,
    GW_LOSSES_CULPRIT,
    GW_LOSSES_IN_TURN,
};

struct gw_losses {
    enum gw_losses_kind kind;
    size_t n_observed;           /* threads seen at all */
    uint32_t *sufferers;         /* rows of threads: those who lose time */
    size_t n_sufferers;          /* 0 unless kind is CULPRIT or IN_TURN */
    bool *suffers;               /* by row of threads */
    bool *holds;                 /* by row of threads: the first holder and those beside it */
    uint64_t *caused_ns;         /* by row of threads: of the wait of the sufferers */
    uint32_t first;              /* the thread that causes most */
    size_t n_holders;            /* threads that cause nearly as much, the first one included;
                                  * 0: who held it could not be told */
    struct gw_estimate estimate; /* of the sufferers together */
    struct gw_place place;       /* where those holders make the sufferers wait */
};

/* NULL when memory ran out. */
struct gw_losses *gw_losses_new(const struct gw_model *model);

/* NULL is fine. */
void gw_losses_free(struct gw_losses *losses);

/* The GIL that a report speaks of where it can speak of one only: the one most waited for, else
 * the one most held. NULL if there is none. */
const struct gw_model_gil *gw_losses_gil(const struct gw_model *model);

/* Share of the time in which the GIL was held, of the time for which this is known. */
double gw_losses_busy(const struct gw_model_gil *gil);

#endif
