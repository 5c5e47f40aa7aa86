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

/* What the stops that are over tell goes into the history. Before the lines of this tick settle
 * what they were asked for. */
void gw_stops_take(struct gw_session *session);

#endif
