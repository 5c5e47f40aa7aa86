/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a thread that sleeps on a lock want that lock, or has it nothing to do? The kernel shows the
 * same for both: CPython makes its conditions, events, queues and joins of locks. The Python
 * function that waits tells them apart.
 */
#ifndef GW_IDLE_PLACE_H
#define GW_IDLE_PLACE_H

#include "model/model.h"

/* A lock-wait on this stack is one for work or for another thread's end: a condition or an event of
 * `threading`, which `queue` stands on too, a join, or an idle worker of a thread pool. */
bool gw_idle_place(const struct gw_model *model, uint32_t stack);

#endif
