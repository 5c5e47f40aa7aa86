/* SPDX-License-Identifier: Apache-2.0 */
#include "target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/limits.h"

#define WRITE_NS                                                                                   \
    (10 * GW_NS_PER_S)         /* a session keeps three seconds of ticks at the rate asked for */
#define FIRST_TICK_NS 100000.0 /* a guess, until one has been measured */
#define AVERAGE_OF 8.0         /* ticks in the moving average of their cost */
#define RECENT_NS ((uint64_t)(GW_MAX_RECENT_S * 1e9))

void gw_target_id(const struct gw_target *target, char out[GW_TARGET_ID])
{
    snprintf(out, GW_TARGET_ID, "%d-%llu", target->pid, (unsigned long long)target->start_ticks);
}

/* --- opening ---------------------------------------------------------------------------------- */

/* A capture begins with a header; so does what is followed here. */
static int start_model(struct gw_target *target, double rate_hz)
{
    Gilwait__Capture__Header header;
    int err = gw_live_new(RECENT_NS, &target->live);
    if (err)
        return err;
    gilwait__capture__header__init(&header);
    header.writer = (char[]){"gilwait-agent " GW_VERSION};
    header.realtime_ns = gw_clock_ns(CLOCK_REALTIME);
    header.monotonic_ns = gw_monotonic_ns();
    header.rate_hz = rate_hz;
    return gw_live_take(target->live,
                        &(struct gw_chunk){.kind = GW_CHUNK_HEADER, .header = &header});
}

int gw_target_open(pid_t pid, double rate_hz, struct gw_service *service, struct gw_target **out,
                   struct gw_diag *diag)
{
    struct gw_target *target = calloc(1, sizeof *target);
    if (!target)
        return -ENOMEM;
    target->pid = pid;
    target->service = service;
    target->tick_ns = FIRST_TICK_NS;
    int err = gw_definitions_init(&target->definitions);
    if (!err)
        err = start_model(target, rate_hz);
    if (!err)
        err = gw_session_open(pid, rate_hz, &target->definitions, &target->session, diag);
    if (err) {
        gw_target_close(target);
        return err;
    }
    uint64_t now_ns = gw_monotonic_ns();
    target->start_ticks = gw_session_proc(target->session)->start_ticks;
    gw_schedule_init(&target->schedule, rate_hz, 0, now_ns, now_ns ^ (uint64_t)pid << 32);
    target->write_ns = now_ns + WRITE_NS;
    *out = target;
    return 0;
}

void gw_target_close(struct gw_target *target)
{
    if (!target)
        return;
    gw_session_close(target->session);
    gw_live_free(target->live);
    gw_definitions_fini(&target->definitions);
    free(target);
}

bool gw_target_is_large(const struct gw_target *target)
{
    const struct gw_definitions *all = &target->definitions;
    return gw_stacks_count(all->stacks) > GW_MAX_TARGET_STACKS ||
           gw_strtab_count(all->strings) > GW_MAX_TARGET_IDS || all->n_threads > GW_MAX_TARGET_IDS;
}

/* --- sampling --------------------------------------------------------------------------------- */

enum gw_session_fate gw_target_tick(struct gw_target *target, uint64_t now_ns)
{
    uint64_t began_ns = gw_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    uint64_t gap_ns = gw_schedule_tick(&target->schedule, now_ns);
    enum gw_session_fate fate = gw_session_tick(target->session, now_ns, gap_ns);
    if (fate == GW_SESSION_GOES_ON)
        fate = gw_session_tend(target->session, now_ns);
    uint64_t took_ns = gw_clock_ns(CLOCK_THREAD_CPUTIME_ID) - began_ns;
    target->ticks++;
    target->cpu_ns += took_ns;
    target->tick_ns += ((double)took_ns - target->tick_ns) / AVERAGE_OF;
    if (gw_session_is_full(target->session))
        target->write_ns = now_ns;
    return fate;
}

static int take_message(void *context, const Gilwait__Capture__Data *data)
{
    struct gw_target *target = context;
    for (size_t i = 0; i < data->n_blocks; i++)
        if (data->blocks[i]->quality)
            target->torn += data->blocks[i]->quality->torn;
    return gw_live_take(target->live, &(struct gw_chunk){.kind = GW_CHUNK_DATA, .data = data});
}

bool gw_target_wants_write(const struct gw_target *target, uint64_t now_ns)
{
    return now_ns >= target->write_ns;
}

int gw_target_write(struct gw_target *target, bool everything, uint64_t now_ns)
{
    Gilwait__Capture__Quality quality;
    gilwait__capture__quality__init(&quality);
    quality.late = target->schedule.late;
    quality.rate_hz = gw_schedule_rate_hz(&target->schedule);
    quality.max_rss_bytes = gw_own_max_rss_bytes();
    target->write_ns = now_ns + WRITE_NS;
    int err = gw_session_write(target->session, everything, &quality, take_message, target);
    target->late += target->schedule.late - quality.late;
    target->schedule.late = quality.late;
    return err;
}

static uint32_t count_waiters(const struct gw_target *target, const struct gw_model *model)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < model->n_threads; i++) {
        struct gw_live_now now = gw_live_now(target->live, i);
        n += now.known && gw_state_wants_gil(now.state);
    }
    return n;
}

int gw_target_settle(struct gw_target *target, uint64_t now_ns)
{
    const struct gw_model *model;
    uint64_t newest_ns = gw_live_newest_ns(target->live);
    if (newest_ns <= target->settled_ns)
        return 0;
    int err = gw_live_window(target->live, newest_ns - target->settled_ns, &model);
    if (err)
        return err;
    target->settled_ns = newest_ns;
    target->waiters = count_waiters(target, model);
    return gw_service_add(target->service, model, now_ns);
}

int gw_target_recent(struct gw_target *target, uint64_t window_ns, const struct gw_model **out)
{
    return gw_live_window(target->live, window_ns, out);
}
