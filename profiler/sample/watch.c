/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has to be looked at. A thread that slept and whose schedstat line has not changed is as it
 * was; but a line costs more than a microsecond to read, and most threads of a large program sleep.
 *
 * So threads that have slept for long, the far ones, are watched together: the CPU clock of the
 * process is the sum of what the lines of all its threads say (kernel/sched/cputime.c,
 * thread_group_cputime; fs/proc/base.c, proc_pid_schedstat; Linux 6.12), to the nanosecond. As long
 * as it has gained just what the near ones have, no far one has run. A thread that woke and is
 * running is accounted for at the scheduler's next tick only, or when it gives up its CPU; should
 * it want the GIL in the meantime, the GIL or its going to sleep gives it away.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/random.h"
#include "sample/session_state.h"

/* A thread is far when it has slept through so many looks. */
#define STILL_TICKS 64u
/* Fewer far ones are read one by one: the clock costs about as much as this many lines. */
#define FEW_FAR 5u
/* Where threads that are not ours run (a pool without Python), the clock always differs: after so
 * many reads in vain it is asked once in so many ticks only. */
#define IN_VAIN 8u
#define RETRY_TICKS 64u
/* The clock and the lines are read so often to find an instant at which nobody is charged. */
#define CALM_TRIES 3u

int gw_watch_init(struct gw_session *session)
{
    struct gw_watch *watch = &session->watch;
    watch->near = calloc(GW_MAX_THREADS, sizeof *watch->near);
    watch->far = calloc(GW_MAX_THREADS, sizeof *watch->far);
    watch->holders = calloc(GW_MAX_THREADS, sizeof *watch->holders);
    watch->has_clock = clock_getcpuclockid(session->proc.pid, &watch->clock) == 0;
    watch->stale = true;
    return watch->near && watch->far && watch->holders ? 0 : -ENOMEM;
}

void gw_watch_free(struct gw_session *session)
{
    free(session->watch.near);
    free(session->watch.far);
    free(session->watch.holders);
}

/* 0 if it cannot be had. */
static uint64_t process_cpu_ns(const struct gw_watch *watch)
{
    struct timespec now;
    if (clock_gettime(watch->clock, &now))
        return 0;
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* --- what is remembered ----------------------------------------------------------------------- */

static void note_in_cond(struct gw_session *session, struct gw_thread *thread)
{
    bool in_cond = thread->alive && thread->asleep && thread->in_cond;
    uint32_t gil = in_cond ? gw_session_thread_gil(session, thread) : UINT32_MAX;
    if (gil == thread->cond_gil)
        return;
    if (thread->cond_gil < session->n_gils)
        session->gils[thread->cond_gil].n_in_cond--;
    if (gil < session->n_gils)
        session->gils[gil].n_in_cond++;
    thread->cond_gil = gil;
}

static bool holds_asleep(struct gw_thread *thread)
{
    const struct gw_entry *newest = gw_track_newest(&thread->track);
    return thread->alive && thread->asleep && newest && gw_state_holds_gil(newest->on_cpu);
}

void gw_watch_note(struct gw_session *session, uint32_t slot)
{
    struct gw_watch *watch = &session->watch;
    note_in_cond(session, session->threads[slot]);
    if (!holds_asleep(session->threads[slot]))
        return;
    for (uint32_t i = 0; i < watch->n_holders; i++)
        if (watch->holders[i] == slot)
            return;
    watch->holders[watch->n_holders++] = slot;
}

/* Threads came or went: sort all of them anew. */
static void sort_threads(struct gw_session *session)
{
    struct gw_watch *watch = &session->watch;
    watch->n_near = watch->n_far = watch->n_holders = 0;
    watch->stale = watch->has_rest = false;
    for (uint32_t i = 0; i < session->n_gils; i++)
        session->gils[i].n_in_cond = 0;
    for (uint32_t i = 0; i < session->n_threads; i++) {
        struct gw_thread *thread = session->threads[i];
        if (!thread->alive)
            continue;
        thread->far = thread->far && thread->asleep && !thread->late;
        if (thread->far)
            watch->far[watch->n_far++] = i;
        else
            watch->near[watch->n_near++] = i;
        thread->cond_gil = UINT32_MAX;
        gw_watch_note(session, i);
    }
}

/* --- looking ---------------------------------------------------------------------------------- */

void gw_watch_add_look(struct gw_session *session, uint32_t slot)
{
    struct gw_look *look = &session->looks[session->n_looks++];
    look->thread = slot;
    look->has_image = look->has_second = false;
    look->call = (struct gw_syscall){0};
    look->ours = false;
    look->evidence = (struct gw_evidence){0};
    session->threads[slot]->late = false;
}

/* True if the line changed, or cannot be had. */
static bool read_schedstat(struct gw_session *session, struct gw_thread *thread)
{
    struct gw_schedstat now;
    uint64_t present = gw_history_end(session->history) - 1;
    uint64_t next = thread->read_tick + 1; /* past the present one if read in it already */
    uint64_t unread = thread->has_sched && next < present ? present - next : 0;
    int err = gw_task_schedstat(&thread->task, &now);
    thread->read_tick = present;
    if (err == -ESRCH) {
        gw_track_settle_ended(session->history, &thread->track,
                              &(struct gw_growth){.ran_ns = thread->sched.cpu_ns,
                                                  .queued_ns = thread->sched.run_queue_ns,
                                                  .lot = gw_random_unit(&session->random)});
        gw_roster_end_thread(thread, present);
        session->roster_due = session->watch.stale = true;
        return false;
    }
    if (err)
        return true;
    if (!thread->has_sched) {
        thread->has_sched = true;
        thread->first_sched = thread->sched = now;
        return true;
    }
    if (now.cpu_ns == thread->sched.cpu_ns && now.run_queue_ns == thread->sched.run_queue_ns &&
        now.slices == thread->sched.slices)
        return false;
    if (!thread->moved)
        thread->unread = unread;
    thread->moved = true;
    thread->queued_ns += now.run_queue_ns - thread->sched.run_queue_ns;
    thread->ran_ns += now.cpu_ns - thread->sched.cpu_ns;
    thread->slices += now.slices - thread->sched.slices;
    thread->sched = now;
    return true;
}

/* Read the thread's line, and look at it if it does not go on sleeping. Returns whether the line
 * changed. */
static bool check(struct gw_session *session, uint32_t slot)
{
    struct gw_thread *thread = session->threads[slot];
    bool known = thread->has_sched;
    bool changed = thread->alive && read_schedstat(session, thread);
    if (!thread->alive)
        return false;
    if (changed || !thread->asleep || thread->late) {
        thread->still_ticks = 0;
        gw_watch_add_look(session, slot);
    } else {
        thread->still_ticks++;
    }
    return changed && known;
}

static uint32_t check_near(struct gw_session *session, uint64_t *cpu_ns)
{
    uint32_t n_changed = 0;
    for (uint32_t i = 0; i < session->watch.n_near; i++) {
        uint32_t slot = session->watch.near[i];
        n_changed += check(session, slot);
        *cpu_ns += session->threads[slot]->sched.cpu_ns;
    }
    return n_changed;
}

/* What the lines of the near ones say now; it is not noted. */
static uint64_t near_cpu_ns(const struct gw_session *session)
{
    uint64_t sum_ns = 0;
    for (uint32_t i = 0; i < session->watch.n_near; i++) {
        const struct gw_thread *thread = session->threads[session->watch.near[i]];
        struct gw_schedstat now;
        bool known = thread->alive && gw_task_schedstat(&thread->task, &now) == 0;
        sum_ns += known ? now.cpu_ns : thread->sched.cpu_ns;
    }
    return sum_ns;
}

/* What the process has used beyond its near ones; false: threads were charged all the while. */
static bool read_rest(const struct gw_session *session, uint64_t *rest_ns)
{
    for (uint32_t i = 0; i < CALM_TRIES; i++) {
        uint64_t clock_ns = process_cpu_ns(&session->watch);
        *rest_ns = clock_ns - near_cpu_ns(session);
        if (clock_ns && process_cpu_ns(&session->watch) == clock_ns)
            return true;
    }
    return false;
}

/* The clock is read before the lines of the near ones, and if need be after: one of the two fits
 * unless some of them were charged on both sides. */
static bool far_are_still(const struct gw_watch *watch, uint64_t clock_ns, uint64_t near_ns)
{
    return watch->has_rest && (clock_ns - near_ns == watch->rest_ns ||
                               process_cpu_ns(watch) - near_ns == watch->rest_ns);
}

/* Who has moved is a near one from now on; *moved_ns: their CPU time. */
static uint32_t check_far(struct gw_session *session, uint64_t *moved_ns)
{
    struct gw_watch *watch = &session->watch;
    uint32_t n_changed = 0, n_looks = session->n_looks, kept = 0;
    for (uint32_t i = 0; i < watch->n_far; i++) {
        uint32_t slot = watch->far[i];
        n_changed += check(session, slot);
        if (session->n_looks == n_looks) {
            watch->far[kept++] = slot;
            continue;
        }
        n_looks = session->n_looks;
        session->threads[slot]->far = false;
        watch->near[watch->n_near++] = slot;
        *moved_ns += session->threads[slot]->sched.cpu_ns;
    }
    watch->n_far = kept;
    return n_changed;
}

/* Near ones that have slept for long become far. */
static void move_away(struct gw_session *session)
{
    struct gw_watch *watch = &session->watch;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < watch->n_near; i++) {
        uint32_t slot = watch->near[i];
        struct gw_thread *thread = session->threads[slot];
        if (thread->still_ticks < STILL_TICKS || !watch->has_clock) {
            watch->near[kept++] = slot;
            continue;
        }
        thread->far = true;
        watch->far[watch->n_far++] = slot;
        watch->rest_ns += thread->sched.cpu_ns;
    }
    watch->n_near = kept;
}

static uint32_t check_together(struct gw_session *session)
{
    struct gw_watch *watch = &session->watch;
    uint64_t near_ns = 0, clock_ns = process_cpu_ns(watch);
    uint32_t n_changed = check_near(session, &near_ns);
    if (far_are_still(watch, clock_ns, near_ns)) {
        watch->in_vain = 0;
        return n_changed;
    }
    uint64_t rest_ns, moved_ns = 0;
    bool calm = read_rest(session, &rest_ns);
    if (calm && watch->has_rest && rest_ns == watch->rest_ns)
        return n_changed;
    uint32_t n_far = watch->n_far;
    n_changed += check_far(session, &moved_ns);
    if (watch->has_rest)
        watch->in_vain = watch->n_far == n_far ? watch->in_vain + 1 : 0;
    /* As it was before the far ones were read: what they did since will show. */
    watch->has_rest = calm;
    watch->rest_ns = rest_ns - moved_ns;
    return n_changed;
}

uint32_t gw_watch_find_looks(struct gw_session *session)
{
    struct gw_watch *watch = &session->watch;
    uint32_t n_changed;
    session->n_looks = 0;
    if (watch->stale)
        sort_threads(session);
    if (watch->n_far >= FEW_FAR &&
        (watch->in_vain < IN_VAIN || session->ticks % RETRY_TICKS == 0)) {
        n_changed = check_together(session);
    } else {
        uint64_t cpu_ns = 0;
        n_changed = check_near(session, &cpu_ns) + check_far(session, &cpu_ns);
        watch->has_rest = false;
    }
    move_away(session);
    return n_changed;
}

/* --- late looks ------------------------------------------------------------------------------- */

static bool is_looked_at(const struct gw_session *session, uint32_t slot)
{
    for (uint32_t i = 0; i < session->n_looks; i++)
        if (session->looks[i].thread == slot)
            return true;
    return false;
}

static void add_late_look(struct gw_session *session, uint32_t slot)
{
    struct gw_watch *watch = &session->watch;
    struct gw_thread *thread = session->threads[slot];
    uint64_t counted_ns = thread->sched.cpu_ns;
    if (thread->far)
        read_schedstat(session, thread);
    if (!thread->alive)
        return;
    gw_watch_add_look(session, slot);
    thread->still_ticks = 0;
    for (uint32_t i = 0; thread->far && i < watch->n_far; i++) {
        if (watch->far[i] != slot)
            continue;
        watch->far[i] = watch->far[--watch->n_far];
        watch->near[watch->n_near++] = slot;
        watch->rest_ns -= counted_ns;
        thread->far = false;
    }
}

void gw_watch_add_late_looks(struct gw_session *session)
{
    struct gw_watch *watch = &session->watch;
    for (uint32_t i = 0; i < session->n_gils; i++) {
        uint32_t slot = session->gils[i].holder_before;
        if (slot >= session->n_threads || is_looked_at(session, slot))
            continue;
        struct gw_thread *thread = session->threads[slot];
        const struct gw_entry *newest = gw_track_newest(&thread->track);
        if (thread->alive && (!newest || !gw_state_holds_gil(newest->on_cpu)))
            add_late_look(session, slot);
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < watch->n_holders; i++) {
        uint32_t slot = watch->holders[i];
        const struct gw_entry *newest = gw_track_newest(&session->threads[slot]->track);
        if (!holds_asleep(session->threads[slot]))
            continue;
        watch->holders[kept++] = slot;
        bool holds =
            newest->gil >= session->n_gils || session->gils[newest->gil].holder_before == slot;
        if (!holds && !is_looked_at(session, slot))
            add_late_look(session, slot);
    }
    watch->n_holders = kept;
}
