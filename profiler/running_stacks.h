/* SPDX-License-Identifier: Apache-2.0 */
/* dump --native --stop: in which C functions running threads are, by stopping them for an instant.
 */
#ifndef GW_RUNNING_STACKS_H
#define GW_RUNNING_STACKS_H

#include "sample/session.h"

/* Tick on for up to 0.3 s, with stops (see sample/native_stops.h: the holder of the GIL first), and
 * give those of the n threads that ran the stacks in which they stood. Follows native stacks
 * already. 0, or what gw_stopper_new returns. */
int gw_running_stacks_find(struct gw_session *session, struct gw_snapshot_thread *threads, size_t n)
    __attribute__((warn_unused_result));

#endif
