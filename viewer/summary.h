/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer in one sentence. It tells apart:
 *
 * - culprit: some threads lose time to the GIL, and most of it while one other thread (or few) hold
 *   it: "3 of 12 threads lost 41 % ±2 of their time to the GIL; 78 % of it while `report-builder`
 *   was in build (app/server.py:86)."
 * - in turn: those who wait are those who hold it, one after the other: a pool of threads that is
 *   CPU-bound in Python. There is nobody to blame, and threads gain nothing.
 * - innocent: no thread loses much.
 *
 * A thread counts as one that loses time from GW_SUMMARY_SUFFERS of its observed time on, where
 * the 95 % interval leaves no doubt that it waits at all.
 */
#ifndef GW_SUMMARY_H
#define GW_SUMMARY_H

#include "model/model.h"

/* A thread that loses less than this share of its time to the GIL does not count. */
#define GW_SUMMARY_SUFFERS 0.05

/* name, printed */
#define GW_VERDICT_LIST(X)                                                                         \
    X(NOTHING, "nothing-sampled")                                                                  \
    X(NO_GIL, "no-gil")                                                                            \
    X(INNOCENT, "innocent")                                                                        \
    X(CULPRIT, "culprit")                                                                          \
    X(IN_TURN, "in-turn")

enum gw_verdict {
#define GW_VERDICT_ENUM(name, text) GW_VERDICT_##name,
    GW_VERDICT_LIST(GW_VERDICT_ENUM)
#undef GW_VERDICT_ENUM
};

/* Valid for ever. */
const char *gw_verdict_name(enum gw_verdict verdict);

/* The sentence, on one line without a line end (free it), and what it says in *verdict. NULL when
 * memory ran out. */
char *gw_summary_text(const struct gw_model *model, enum gw_verdict *verdict);

/* The GIL that a report speaks of where it can speak of one only: the one most waited for, else
 * the one most held. NULL if there is none. */
const struct gw_model_gil *gw_summary_gil(const struct gw_model *model);

/* Share of the time in which the GIL was held, of the time for which this is known. */
double gw_summary_busy(const struct gw_model_gil *gil);

#endif
