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

/* Settle what the clock of our CPU can tell. False: nobody was pushed off it. */
static bool settle_places(struct gw_session *session)
{
    uint64_t came_ns;
    if (when_we_came(session, &came_ns))
        return true;
    uint64_t work_ns = gw_monotonic_ns() - session->last_tick_ns + GW_WAKING_NS;
    bool displaces = false;
    for (uint32_t i = 0; i < session->n_looks; i++) {
        struct gw_look *look = &session->looks[i];
        if (look->place == GW_ENTRY_OURS)
            look->place = place_of(session->threads[look->thread], came_ns, work_ns);
        displaces = displaces || look->place != GW_ENTRY_OFF;
    }
    return displaces;
}

void gw_displaced_find(struct gw_session *session)
{
    bool displaces = false;
    for (uint32_t i = 0; i < session->n_looks; i++) {
        struct gw_look *look = &session->looks[i];
        bool ran = look->ours && session->threads[look->thread]->ran_ns;
        look->place = ran ? GW_ENTRY_OURS : GW_ENTRY_OFF;
        displaces = displaces || ran;
    }
    displaces = displaces && settle_places(session);
    session->displaced += displaces;
    session->displacing += displaces;
}
