/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one wait for the GIL takes, and what a smaller switch interval would make of it.
 *
 * A thread that wants the GIL sleeps for the switch interval i and then asks the holder to let go,
 * which one that runs Python code does at once. So behind a holder that computes and never lets go
 * by itself, each wait takes about i, whatever else the waiter does: that is what makes a convoy of
 * threads that do I/O, for they lose the GIL at every call and wait for it at every return. With
 * the interval f*i each of their waits takes f of the time, and all else as long as it did. Of
 * wall_ns with wait_ns in it the same work then takes wall_ns - (1-f) wait_ns, and
 *
 *     loss = f wait_ns / (wall_ns - (1-f) wait_ns)
 *
 * The threads come round more often, and so does the GIL change hands: by the same factor
 * wall_ns / (wall_ns - (1-f) wait_ns). Nobody computes more for it: threads that only want to
 * compute gain nothing. Neither do those whose waits take several intervals, because the holder
 * does not let go when it is asked (C code that keeps the GIL).
 *
 * Waits are those that ticks saw (model/episode.h): shorter ones than a period may be missed, which
 * makes the mean too long. So it counts for something only where the interval is longer than that.
 */
#ifndef GW_LATENCY_H
#define GW_LATENCY_H

#include "losses.h"
#include "model/model.h"

/* What a smaller switch interval would do: name, printed. */
#define GW_LATENCY_LIST(X)                                                                         \
    X(UNTOLD, "unknown")        /* not known, or too small already */                              \
    X(SHORTER, "shorter-waits") /* each wait gets shorter */                                       \
    X(NO_GAIN, "no-gain")       /* the threads compute in turn */                                  \
    X(NOT_HEARD, "no-effect")   /* the holder does not let go when asked */

enum gw_latency_effect {
#define GW_LATENCY_ENUM(name, text) GW_LATENCY_##name,
    GW_LATENCY_LIST(GW_LATENCY_ENUM)
#undef GW_LATENCY_ENUM
};

struct gw_latency {
    enum gw_latency_effect effect;
    uint64_t n_waits;      /* of those who lose time, as far as ticks saw them */
    uint64_t mean_wait_ns; /* 0: none was seen */
    uint64_t interval_ns;  /* in force; 0: not known */
    bool convoy; /* I/O threads pay about one interval at each return to one holder that computes */
    /* Only with GW_LATENCY_SHORTER: now, and with the smaller interval. */
    uint64_t then_interval_ns, then_mean_wait_ns;
    double loss, then_loss; /* shares of the time of those who lose it */
    double switches_hz, then_switches_hz;
};

/* Valid for ever. */
const char *gw_latency_effect_name(enum gw_latency_effect effect);

struct gw_latency gw_latency_find(const struct gw_model *model, const struct gw_losses *losses);

#endif
