/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/native_stops.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "sample/native_stack.h"
#include "sample/session_state.h"
#include "sample/stops.h"

/* Between two stops, on average: at a random instant of each such period. */
#define PERIOD_NS (20 * 1000000ull)
/* Samples that wait for names. */
#define MAX_WAITING 16u

struct waiting {
    struct gw_native_sample sample; /* its stack without native frames, if it was in Python code */
    uint32_t c_stack;               /* and if it was in C */
    struct gw_native_path path;
};

struct gw_native_stops {
    bool is_asked; /* one at a time */
    uint64_t period_end_ns, next_ns;
    struct gw_stack_image image; /* of the one that is asked for, but for where its ranges are */
    struct gw_rmem_range ranges[1 + GW_IMAGE_RANGES];
    struct waiting waiting[MAX_WAITING];
    uint32_t n_waiting;
    struct gw_native_sample samples[GW_MAX_NATIVE_SAMPLES];
    uint32_t n_samples;
};

struct gw_native_stops *gw_native_stops_new(void)
{
    return calloc(1, sizeof(struct gw_native_stops));
}

void gw_native_stops_free(struct gw_native_stops *stops)
{
    free(stops);
}

/* --- asking --------------------------------------------------------------------------------------
 */

static bool is_due(struct gw_session *session)
{
    struct gw_native_stops *stops = session->native_stops;
    uint64_t now_ns = session->last_tick_ns;
    if (now_ns < stops->next_ns)
        return false;
    uint64_t begin_ns = now_ns > stops->period_end_ns ? now_ns : stops->period_end_ns;
    stops->period_end_ns = begin_ns + PERIOD_NS;
    stops->next_ns = begin_ns + (uint64_t)(gw_random_unit(&session->random) * (double)PERIOD_NS);
    return true;
}

/* Runs, as far as can be told, or did until we took its CPU: one that waits for a CPU is left
 * alone.
 */
static bool runs(const struct gw_session *session, uint32_t slot)
{
    struct gw_thread *thread = session->threads[slot];
    const struct gw_entry *newest = gw_track_newest(&thread->track);
    if (thread->stop_asked || !newest || (newest->flags & (GW_ENTRY_OFF | GW_ENTRY_QUEUED)))
        return false;
    for (uint32_t i = 0; i < session->n_looks; i++)
        if (session->looks[i].thread == slot)
            return session->looks[i].call.kind == GW_SYSCALL_RUNNING;
    return false;
}

/* One of so many, each as likely as any other: the chosen one so far gives way to number n, or not.
 */
static bool takes_place(struct gw_session *session, uint32_t n)
{
    return gw_random_unit(&session->random) * n < 1;
}

/* The slot of a thread to stop, GW_NO_HOLDER if there is none. */
static uint32_t choose(struct gw_session *session)
{
    uint32_t chosen = GW_NO_HOLDER, n = 0;
    for (uint32_t i = 0; i < session->n_gils; i++) {
        uint32_t slot = session->gils[i].holder_after;
        if (slot < session->n_threads && runs(session, slot) && takes_place(session, ++n))
            chosen = slot;
    }
    if (n > 0)
        return chosen;
    for (uint32_t i = 0; i < session->n_looks; i++)
        if (runs(session, session->looks[i].thread) && takes_place(session, ++n))
            chosen = session->looks[i].thread;
    return chosen;
}

void gw_native_stops_ask(struct gw_session *session)
{
    struct gw_native_stops *stops = session->native_stops;
    if (stops->is_asked || !is_due(session) || !gw_stops_are_affordable(session))
        return;
    uint32_t slot = choose(session);
    if (slot == GW_NO_HOLDER)
        return;
    struct gw_thread *thread = session->threads[slot];
    const struct gw_layout *layout = &session->python.layout;
    uint32_t gil = gw_session_thread_gil(session, thread);
    stops->ranges[0] = (struct gw_rmem_range){.addr = session->n_gils ? session->gils[gil].addr : 0,
                                              .len = layout->extent[GW_S_gil]};
    /* The buffers are the stopper's own: these are not written to. */
    gw_stack_image_plan(layout, &thread->guess, stops->ranges + 1, session->arena, &stops->image);
    stops->is_asked = thread->stop_asked =
        gw_stopper_ask_standing(session->stops.stopper, session, thread->task.pid, thread->task.tid,
                                gw_stop_tag(slot, thread), stops->ranges, 1 + stops->image.n);
    session->stops.n_asked += stops->is_asked;
}

void gw_native_stops_end(struct gw_session *session)
{
    session->native_stops->is_asked = false;
}

/* --- what it has told ----------------------------------------------------------------------------
 */

static bool held_gil(const struct gw_session *session, const struct gw_thread *thread,
                     const struct gw_rmem_range *range)
{
    struct gw_gil_words words;
    if (!gw_gil_decode(&session->python.layout, gw_span_of(range->buf, range->got), &words) ||
        !words.locked)
        return false;
    for (uint32_t i = 0; i < thread->n_tstates; i++)
        if (words.last_holder == thread->tstates[i].addr)
            return true;
    return false;
}

static void finish(struct gw_session *session, const struct waiting *waiting)
{
    struct gw_native_stops *stops = session->native_stops;
    struct gw_native_sample sample = waiting->sample;
    uint32_t at = stops->n_samples;
    if (at == GW_MAX_NATIVE_SAMPLES)
        return;
    if (gw_native_is_in_c(session->native, &waiting->path))
        sample.stack = gw_native_push(session, waiting->c_stack, &waiting->path);
    for (; at > 0 && stops->samples[at - 1].at_ns > sample.at_ns; at--)
        stops->samples[at] = stops->samples[at - 1];
    stops->samples[at] = sample;
    stops->n_samples++;
}

void gw_native_stops_take(struct gw_session *session, uint32_t slot, const struct gw_stop *stop)
{
    struct gw_native_stops *stops = session->native_stops;
    const struct gw_thread *thread = session->threads[slot];
    const struct gw_standing *standing = stop->standing;
    if (!standing->registers.n || stops->n_waiting == MAX_WAITING)
        return;
    struct gw_stack_image image = stops->image; /* nothing moved: one copy is as good as two */
    image.a = image.b = standing->ranges + 1;
    struct waiting *waiting = &stops->waiting[stops->n_waiting];
    waiting->sample = (struct gw_native_sample){
        .at_ns = stop->at_ns,
        .thread = thread->id,
        .stack = gw_look_stack_standing(session, slot, &image, &waiting->c_stack),
        .holds = held_gil(session, thread, &standing->ranges[0]),
    };
    const struct gw_native_place place = {.sp = standing->registers.sp,
                                          .pc = standing->registers.pc,
                                          .registers = &standing->registers,
                                          .stack = standing->stack};
    if (!waiting->sample.stack || !gw_native_follow(session->native, &place, &waiting->path))
        return;
    if (gw_native_is_named(session->native, &waiting->path))
        finish(session, waiting);
    else
        stops->n_waiting++;
}

void gw_native_stops_tend(struct gw_session *session)
{
    struct gw_native_stops *stops = session->native_stops;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < stops->n_waiting; i++) {
        struct waiting *waiting = &stops->waiting[i];
        if (gw_native_is_named(session->native, &waiting->path))
            finish(session, waiting);
        else if (kept++ != i)
            stops->waiting[kept - 1] = *waiting;
    }
    stops->n_waiting = kept;
}

size_t gw_native_stops_drain(struct gw_session *session, uint64_t until_ns,
                             struct gw_native_sample *out, size_t cap)
{
    struct gw_native_stops *stops = session->native_stops;
    size_t n = 0;
    while (n < stops->n_samples && n < cap && stops->samples[n].at_ns < until_ns)
        n++;
    memcpy(out, stops->samples, n * sizeof *out);
    stops->n_samples -= (uint32_t)n;
    memmove(stops->samples, stops->samples + n, stops->n_samples * sizeof *out);
    return n;
}
