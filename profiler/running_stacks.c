/* SPDX-License-Identifier: Apache-2.0 */
#include "running_stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/limits.h"
#include "sample/native_stops.h"
#include "target/stopper.h"

#define TICK_NS 1000000ull
#define MAX_TICKS 300u
/* Of all the time: a dump is over in a moment, and the stops are one at a time. */
#define BUDGET 1.0

static bool ran(const struct gw_snapshot_thread *thread)
{
    return thread->state == GW_STATE_GIL_RUNNING || thread->state == GW_STATE_NATIVE;
}

static void take(struct gw_session *session, struct gw_native_sample *samples,
                 struct gw_snapshot_thread *threads, size_t n)
{
    size_t n_samples = gw_native_stops_drain(session, UINT64_MAX, samples, GW_MAX_NATIVE_SAMPLES);
    for (size_t i = 0; i < n_samples; i++)
        for (size_t j = 0; j < n; j++)
            if (threads[j].id == samples[i].thread && ran(&threads[j])) {
                threads[j].stack = samples[i].stack;
                threads[j].stood = true;
            }
}

static bool are_done(const struct gw_snapshot_thread *threads, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ran(&threads[i]) && !threads[i].stood)
            return false;
    return true;
}

int gw_running_stacks_find(struct gw_session *session, struct gw_snapshot_thread *threads, size_t n)
{
    struct gw_stopper *stopper;
    GW_AUTO_FREE struct gw_native_sample *samples = calloc(GW_MAX_NATIVE_SAMPLES, sizeof *samples);
    int err = samples ? gw_stopper_new(false, &stopper) : -ENOMEM;
    if (err)
        return err;
    gw_session_allow_stops(session, stopper, BUDGET);
    for (unsigned i = 0; i < MAX_TICKS && !are_done(threads, n); i++) {
        uint64_t now_ns = gw_monotonic_ns();
        if (gw_session_is_full(session) ||
            gw_session_tick(session, now_ns, 0) != GW_SESSION_GOES_ON ||
            gw_session_tend(session, now_ns) != GW_SESSION_GOES_ON)
            break;
        take(session, samples, threads, n);
        nanosleep(&(struct timespec){.tv_nsec = TICK_NS}, NULL);
    }
    gw_session_allow_stops(session, NULL, 0);
    gw_stopper_forget(stopper, session);
    gw_stopper_free(stopper);
    return 0;
}
