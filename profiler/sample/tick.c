/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tick, in this order:
 *   schedstat (watch.c)         - what slept and has the same line is as it was
 *   ONE batched memory read     - GILs, list heads, thread states and stacks of all others
 *   syscall of those others     - what they sleep in
 *   the GILs again              - a holder that is the same in both was it all along;
 *                                 with them the stacks of those that run, to make sure
 * The state is that at the instant of the memory read; what came later only helps to tell it.
 */
#include <errno.h>
#include <sched.h>

#include "base/clock.h"
#include "sample/session_state.h"
#include "sample/stops.h"

#define STILL_NS 4000000ull

/* --- the batched read ------------------------------------------------------------------------- */

static size_t plan_gils(struct gw_session *session, size_t n, bool after)
{
    for (uint32_t i = 0; i < session->n_gils; i++) {
        struct gw_gil_state *gil = &session->gils[i];
        session->ranges[n++] =
            (struct gw_rmem_range){.addr = gil->addr,
                                   .buf = after ? gil->copy_after : gil->copy,
                                   .len = session->python.layout.extent[GW_S_gil]};
    }
    return n;
}

static size_t plan_heads(struct gw_session *session, size_t n)
{
    for (size_t i = 0; i < session->list.n_interpreters; i++)
        session->ranges[n++] = (struct gw_rmem_range){
            .addr = session->list.interpreters[i].addr +
                    gw_layout_at(&session->python.layout, GW_F_interp_threads_head),
            .buf = &session->heads[i],
            .len = sizeof session->heads[i]};
    return n;
}

/* Room for an image of the look's thread; false: there is none, it is read on its own later. */
static bool plan_image(struct gw_session *session, const struct gw_look *look, size_t *n,
                       size_t *used, struct gw_stack_image *image)
{
    const struct gw_stack_guess *guess = &session->threads[look->thread]->guess;
    size_t bytes = gw_stack_image_bytes(&session->python.layout, guess);
    if (bytes > session->arena_bytes - *used ||
        *n + GW_IMAGE_RANGES + GW_MAX_INTERPRETERS > session->cap_ranges)
        return false;
    gw_stack_image_plan(&session->python.layout, guess, session->ranges + *n,
                        session->arena + *used, image);
    *n += 2 * image->n;
    *used += bytes;
    return true;
}

static size_t plan_images(struct gw_session *session, size_t n)
{
    session->arena_used = 0;
    for (uint32_t i = 0; i < session->n_looks; i++) {
        struct gw_look *look = &session->looks[i];
        look->has_image = plan_image(session, look, &n, &session->arena_used, &look->image);
    }
    session->n_ranges = n;
    return n;
}

uint32_t gw_session_holder(const struct gw_session *session, const struct gw_gil_words *words)
{
    uint32_t slot;
    if (!words->locked)
        return GW_NO_HOLDER;
    return gw_idmap_find(&session->by_tstate, words->last_holder, &slot) ? slot : GW_UNKNOWN_HOLDER;
}

/* `first` is the range of the first one. */
static void decode_gils(struct gw_session *session, size_t first, bool after)
{
    for (uint32_t i = 0; i < session->n_gils; i++) {
        struct gw_gil_state *gil = &session->gils[i];
        struct gw_gil_words *words = after ? &gil->after : &gil->before;
        struct gw_span copy =
            gw_span_of(after ? gil->copy_after : gil->copy, session->ranges[first + i].got);
        bool is_new = !gil->seen;
        gil->readable = gw_gil_decode(&session->python.layout, copy, words);
        if (is_new && gil->readable) { /* switches count from the first tick on */
            gil->seen = true;
            gil->written_switches = words->switch_number;
        }
        uint32_t slot = gil->readable ? gw_session_holder(session, words) : GW_UNKNOWN_HOLDER;
        if (slot == GW_UNKNOWN_HOLDER)
            session->roster_due = true;
        if (after)
            gil->holder_after = slot;
        else
            gil->holder_before = slot;
    }
}

static int read_memory(struct gw_session *session)
{
    size_t n = plan_heads(session, plan_gils(session, 0, false));
    size_t n_lists = n;
    n = plan_images(session, n);
    int err = gw_rmem_readv(&session->memory, session->ranges, n);
    if (err)
        return err;
    decode_gils(session, 0, false);
    for (size_t i = session->n_gils; i < n_lists; i++) {
        size_t at = i - session->n_gils;
        if (session->ranges[i].got != sizeof session->heads[at] ||
            session->heads[at] != session->list.interpreters[at].head)
            session->roster_due = true;
    }
    return 0;
}

/* The GILs once more, and the stacks of those that run: behind the ranges of the first read. */
static void read_memory_again(struct gw_session *session)
{
    size_t first = session->n_ranges;
    size_t n = plan_gils(session, first, true);
    for (uint32_t i = 0; i < session->n_looks; i++) {
        struct gw_look *look = &session->looks[i];
        if (look->has_image && look->call.kind == GW_SYSCALL_RUNNING)
            look->has_second = plan_image(session, look, &n, &session->arena_used, &look->second);
    }
    gw_rmem_readv(&session->memory, session->ranges + first, n - first);
    decode_gils(session, first, true);
}

/* --- the kernel's view -------------------------------------------------------------------------
 */

/* The CPU that a thread ran on last is ours: it cannot be running there now. */
static bool runs_on(struct gw_thread *thread, int cpu)
{
    if ((thread->moved || thread->last_cpu < 0) &&
        gw_task_last_cpu(&thread->task, &thread->last_cpu))
        thread->last_cpu = -1;
    return thread->last_cpu == cpu;
}

static void read_syscalls(struct gw_session *session)
{
    for (uint32_t i = 0; i < session->n_looks; i++) {
        struct gw_look *look = &session->looks[i];
        struct gw_thread *thread = session->threads[look->thread];
        int err = gw_task_syscall(&thread->task, &look->call);
        if (err == -ESRCH) {
            gw_roster_end_thread(thread, gw_history_end(session->history) - 1);
            session->roster_due = session->watch.stale = true;
        }
        if (err) {
            look->evidence.unreadable = true;
            look->class = GW_SYSCALL_OTHER;
            continue;
        }
        look->class = gw_syscall_classify(session->python.machine, &look->call);
        look->ours = look->call.kind == GW_SYSCALL_RUNNING && runs_on(thread, session->own_cpu);
    }
}

/* --- a stopped target ----------------------------------------------------------------------------
 */

/* Every thread's clock stands still. Its kernel files look as they did, so this is asked of the
 * process itself, and only when no thread has moved. */
static void note_stopped(struct gw_session *session)
{
    for (uint32_t i = 0; i < session->n_threads; i++) {
        struct gw_thread *thread = session->threads[i];
        if (!thread->alive)
            continue;
        gw_track_add(session->history, &thread->track,
                     (struct gw_entry){.stack = thread->stack,
                                       .on_cpu = GW_STATE_STOPPED,
                                       .queued = GW_STATE_STOPPED,
                                       .gil = (uint8_t)gw_session_thread_gil(session, thread)});
    }
}

static void note_resumed(struct gw_session *session)
{
    session->stopped = false;
    for (uint32_t i = 0; i < session->n_threads; i++)
        if (session->threads[i]->alive && !session->threads[i]->late)
            session->threads[i]->late = true;
    session->watch.stale = true;
}

/* -------------------------------------------------------------------------------------------------
 */

static enum gw_session_fate sample(struct gw_session *session)
{
    int err = read_memory(session);
    if (err == -ESRCH)
        return GW_SESSION_ENDED;
    if (err) {
        session->dropped++;
        return GW_SESSION_GOES_ON;
    }
    gw_codes_begin_tick(session->codes);
    gw_ccalls_begin_tick(session->ccalls);
    gw_watch_add_late_looks(session);
    read_syscalls(session);
    read_memory_again(session);
    gw_judge_looks(session);
    return GW_SESSION_GOES_ON;
}

/* No thread moved: is the process stopped? A thread on a CPU moves at each of the scheduler's
 * ticks, so this is asked for no more often than that. */
static enum gw_proc_fate fate_of_still(struct gw_session *session)
{
    if (session->stops.n_asked) /* what looks stopped may be so by us */
        return GW_PROC_RUNS;
    if (session->last_tick_ns < session->next_still_ns)
        return session->stopped ? GW_PROC_STOPPED : GW_PROC_RUNS;
    session->next_still_ns = session->last_tick_ns + STILL_NS;
    return session->proc.freezer_fd < 0 ? gw_proc_fate_quick(&session->proc)
                                        : gw_proc_fate(&session->proc);
}

static enum gw_session_fate look(struct gw_session *session)
{
    uint32_t n_moved = gw_watch_find_looks(session);
    enum gw_proc_fate fate = n_moved ? GW_PROC_RUNS : fate_of_still(session);
    if (session->stopped && fate == GW_PROC_RUNS) {
        note_resumed(session);
        gw_watch_find_looks(session);
    }
    if (n_moved == 0) {
        switch (fate) {
        case GW_PROC_STOPPED:
            session->stopped = true;
            if (session->n_looks && sample(session) == GW_SESSION_ENDED) /* for the stacks */
                return GW_SESSION_ENDED;
            note_stopped(session);
            return GW_SESSION_GOES_ON;
        case GW_PROC_ENDED:
            return GW_SESSION_ENDED;
        case GW_PROC_RUNS:
        case GW_PROC_EXECED:
            break;
        }
    }
    return sample(session);
}

enum gw_session_fate gw_session_tick(struct gw_session *session, uint64_t now_ns, uint64_t gap_ns)
{
    uint64_t dt_ns = now_ns - session->last_tick_ns;
    gw_history_add_tick(session->history,
                        (struct gw_tick){.at_ns = now_ns,
                                         .dt_ns = dt_ns,
                                         .gap_ns = gap_ns < dt_ns ? gap_ns : dt_ns});
    session->last_tick_ns = now_ns;
    session->own_cpu = sched_getcpu();
    session->ticks++;
    if (session->stops.stopper)
        gw_stops_take(session);
    enum gw_session_fate fate = look(session);
    session->last_work_ns = gw_monotonic_ns() - now_ns;
    return fate;
}
