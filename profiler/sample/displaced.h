/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tick needs a CPU, and takes it from a thread of the target where none is idle. That thread
 * looks as if it were queued, and was running until we came.
 */
#ifndef GW_SAMPLE_DISPLACED_H
#define GW_SAMPLE_DISPLACED_H

#include "sample/session_state.h"

/* Waking up and going to sleep again, around the work of a tick. */
#define GW_WAKING_NS 40000u

/* Find among the tick's looks the thread that had our CPU until we came, and set the places of all
 * that wait for this CPU. */
void gw_displaced_find(struct gw_session *session);

#endif
