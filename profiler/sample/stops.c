/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/stops.h"

#include "sample/native_stops.h"

bool gw_stops_are_affordable(const struct gw_session *session)
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
    if (thread->stop_asked || !gw_stops_are_affordable(session))
        return;
    thread->stop_asked = gw_stopper_ask(session->stops.stopper, session, thread->task.pid,
                                        thread->task.tid, gw_stop_tag(look->thread, thread));
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
        if (stop.standing)
            gw_native_stops_end(session);
        if (slot >= session->n_threads || !session->threads[slot]->used ||
            gw_stop_tag(slot, session->threads[slot]) != stop.tag)
            continue;
        struct gw_thread *thread = session->threads[slot];
        thread->stop_asked = false;
        if (stop.standing && !stop.err)
            gw_native_stops_take(session, slot, &stop);
        else if (!stop.err)
            gw_track_tell(session->history, &thread->track, told(session, thread, &stop.call),
                          stop.at_ns);
    }
}
