/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How sure a sampled GIL wait is: its 95 % interval.
 *
 * The sampler looks at one uniformly random instant of each period and lets it stand for the time
 * D since the look before. A period in which the thread waits all the time, or not at all, adds no
 * error. A period with a boundary in it, at the fraction f, adds the variance D^2 f (1-f): at most
 * D^2/4, and D^2/6 on average over all places of the boundary. So:
 *
 * - A change between waiting and not waiting, where what was before and what comes after both
 *   last two ticks or more, is one boundary in one period: D^2/6.
 * - Where one side is a single tick, the wait (or the pause between two waits) may be shorter than
 *   the period, and more of them may have been missed than were seen. Nothing is known of the
 *   places of such boundaries; half the squared difference of two neighbours (the
 *   successive-difference estimator of stratified samples) holds for any: D^2/2.
 *
 * The variances of all changes add up; the interval is the value +- 1.96 standard deviations, cut
 * at 0 and at the observed time. If no tick at all shows a wait, the chance that n random ticks
 * all miss something that takes the share 3/n is 5 %: the interval is [0, 3 D]. The same holds the
 * other way round if every tick shows a wait. A group of threads adds the variances of its threads.
 *
 * Sampling is not all. A runnable thread without a CPU may wait for the GIL or not, and not every
 * such doubt can be settled from outside: it is a part of the time in `cpu-wait` and `gil-handoff`.
 * And a tick that takes a CPU from a thread of the target makes the scheduler choose anew behind
 * it, which causes waits that ticks do not see: a part of the time in which the thread wanted a CPU
 * or the GIL, and where nearly every tick does so, the deviation by sampling counts 1.5 times. How
 * large these parts are is measured, not derived (tests/truth/README.md). They err in the same
 * direction for all threads, so a group adds them as they are.
 */
#ifndef GW_MODEL_ESTIMATE_H
#define GW_MODEL_ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"

/* Nearly every tick took the CPU from a thread of the target: the figures are of a disturbed one.
 */
bool gw_estimate_disturbed(const struct gw_model_quality *quality);

/* The waits of one thread, tick by tick. Zero-initialised is the start. */
struct gw_wait_runs {
    bool open; /* the thread is being observed */
    bool waits;
    uint64_t run_ticks;    /* length of the run so far */
    uint64_t before_ticks; /* length of the run before it, 0: none */
    uint64_t change_ns;    /* D of the first tick of this run */
    double variance;       /* ns^2, of all changes but the last */
};

/* The next n ticks, of which the first weighs first_ns, wait or do not wait. n > 0. */
void gw_wait_runs_add(struct gw_wait_runs *runs, bool waits, uint64_t n, uint64_t first_ns);

/* The thread is not observed after this. */
void gw_wait_runs_break(struct gw_wait_runs *runs);

/* A time with its 95 % interval, in ns. */
struct gw_estimate {
    uint64_t wait_ns, wall_ns;
    double low_ns, high_ns;
};

/* What sampling cannot answer for: sets wait_doubt_ns and widens wait_variance, once, when all else
 * of the thread is known. */
void gw_estimate_doubt(struct gw_model_thread *thread, const struct gw_model_quality *quality);

/* GIL wait of one thread, and of some threads together. */
struct gw_estimate gw_estimate_thread(const struct gw_model_thread *thread);
struct gw_estimate gw_estimate_group(const struct gw_model *model, const uint32_t *threads,
                                     size_t n);

/* Share of the observed time, and half the width of its interval (the larger side), both 0 to 1. */
static inline double gw_estimate_share(const struct gw_estimate *estimate)
{
    return estimate->wall_ns ? (double)estimate->wait_ns / (double)estimate->wall_ns : 0;
}
double gw_estimate_margin(const struct gw_estimate *estimate);

#endif
