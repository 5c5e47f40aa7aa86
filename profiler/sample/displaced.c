/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/displaced.h"

#include <unistd.h>

#include "base/clock.h"

/* The kernel takes one reading of a CPU's clock for the thread that leaves it and the one that
 * comes: __schedule() in kernel/sched/core.c. So much may the two differ here. */
#define SAME_SWITCH_NS 5000u

/* When we got our CPU, by its clock, or some moments later: a scheduler tick moves that on. */
static int when_we_came(struct gw_session *session, uint64_t *out_ns)
{
    if (session->own.sched_fd < 0) {
        session->own.pid = getpid();
        session->own.tid = gettid();
    }
    return gw_task_last_ran(&session->own, out_ns);
}

/* What the clock of our CPU says of a thread that waits for it. Where the kernel does not show
 * that, or we have had the CPU for longer than we know, it is left to how its schedstat line goes
 * on. */
static unsigned place_of(struct gw_thread *thread, uint64_t came_ns, uint64_t work_ns)
{
    uint64_t left_ns;
    if (gw_task_last_ran(&thread->task, &left_ns))
        return GW_ENTRY_OURS;
    if (left_ns + SAME_SWITCH_NS >= came_ns)
        return GW_ENTRY_ON;
    return left_ns + work_ns < came_ns ? GW_ENTRY_OFF : GW_ENTRY_OURS;
}

void gw_displaced_find(struct gw_session *session)
{
    uint64_t came_ns = 0;
    uint64_t work_ns = 0;
    bool asked = false, known = false, displaces = false;
    for (uint32_t i = 0; i < session->n_looks; i++) {
        struct gw_look *look = &session->looks[i];
        struct gw_thread *thread = session->threads[look->thread];
        look->place = GW_ENTRY_OFF;
        if (!look->ours || !thread->ran_ns)
            continue;
        if (!asked) {
            known = when_we_came(session, &came_ns) == 0;
            work_ns = gw_monotonic_ns() - session->last_tick_ns + GW_WAKING_NS;
            asked = true;
        }
        look->place = known ? place_of(thread, came_ns, work_ns) : GW_ENTRY_OURS;
        displaces = displaces || look->place != GW_ENTRY_OFF;
    }
    session->displaced += displaces;
    session->displacing += displaces;
}
