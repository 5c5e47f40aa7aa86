/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/stops.h"

/* The answer is about this thread, not about who took its slot since. */
static uint64_t tag_of(uint32_t slot, const struct gw_thread *thread)
{
    return (uint64_t)thread->id << 32 | slot;
}

/* So much may have been used up by now. The first stops need not wait until they have been earned.
 */
static bool is_affordable(const struct gw_session *session)
{
    const struct gw_stops *stops = &session->stops;
    uint64_t since_ns =
        session->last_tick_ns - gw_stopper_started_ns(stops->stopper) + GW_STOPS_AHEAD_NS;
    uint64_t n, used_ns;
    gw_stopper_count(stops->stopper, &n, &used_ns);
    return (double)used_ns < stops->budget * (double)since_ns;
}

void gw_stops_ask(struct gw_session *session, const struct gw_look *look)
{
    struct gw_thread *thread = session->threads[look->thread];
    if (thread->stop_asked || !is_affordable(session))
        return;
    thread->stop_asked = gw_stopper_ask(session->stops.stopper, session, thread->task.pid,
                                        thread->task.tid, tag_of(look->thread, thread));
    session->stops.n_asked += thread->stop_asked;
}

static enum gw_told told(const struct gw_session *session, const struct gw_thread *thread,
                         const struct gw_syscall *call)
{
    const struct gw_gil_state *gil = &session->gils[gw_session_thread_gil(session, thread)];
    return gw_classify_stop(
        call, gw_syscall_classify(session->python.machine, call),
        gw_gil_classify_futex(&session->python.layout, gil->addr, call->args[0]));
}

void gw_stops_take(struct gw_session *session)
{
    struct gw_stop stop;
    while (gw_stopper_take(session->stops.stopper, session, &stop)) {
        uint32_t slot = (uint32_t)stop.tag;
        session->stops.n_asked--;
        if (slot >= session->n_threads || !session->threads[slot]->used ||
            tag_of(slot, session->threads[slot]) != stop.tag)
            continue;
        struct gw_thread *thread = session->threads[slot];
        thread->stop_asked = false;
        if (!stop.err)
            gw_track_tell(session->history, &thread->track, told(session, thread, &stop.call),
                          stop.at_ns);
    }
}
