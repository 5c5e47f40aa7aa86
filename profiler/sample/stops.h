/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --stop: a thread that may want the GIL or not is stopped for an instant, which tells. Never more
 * than a given share of the time is spent so.
 */
#ifndef GW_SAMPLE_STOPS_H
#define GW_SAMPLE_STOPS_H

#include "sample/session_state.h"

/* A look's judgement is in doubt: ask for a stop, if the budget allows one now. */
void gw_stops_ask(struct gw_session *session, const struct gw_look *look);

/* The answer to a stop is about this thread, not about who took its slot since. */
static inline uint64_t gw_stop_tag(uint32_t slot, const struct gw_thread *thread)
{
    return (uint64_t)thread->id << 32 | slot;
}

/* So much may have been used up by now. The first stops need not wait until they have been earned.
 */
bool gw_stops_are_affordable(const struct gw_session *session);

/* What the stops that are over tell goes into the history. Before the lines of this tick settle
 * what they were asked for. */
void gw_stops_take(struct gw_session *session);

#endif
