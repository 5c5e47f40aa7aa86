/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tick has read becomes evidence, evidence a verdict, and the verdict an entry of the
 * history.
 */
#include "base/random.h"
#include "sample/session_state.h"

static uint32_t gil_of_tstate(const struct gw_session *session, const struct gw_tstate *tstate)
{
    if (tstate->interpreter >= session->list.n_interpreters)
        return 0;
    return gw_session_gil(session, session->list.interpreters[tstate->interpreter].gil);
}

uint32_t gw_session_thread_gil(const struct gw_session *session, const struct gw_thread *thread)
{
    uint32_t gil = thread->current < thread->n_tstates
                       ? gil_of_tstate(session, &thread->tstates[thread->current])
                       : 0;
    return gil < session->n_gils ? gil : 0;
}

/* A thread with several thread states runs under the one that holds its GIL, or whose GIL it
 * sleeps for; otherwise under the one it ran under before. */
static void choose_tstate(struct gw_session *session, struct gw_look *look)
{
    struct gw_thread *thread = session->threads[look->thread];
    for (uint32_t i = 0; thread->n_tstates > 1 && i < thread->n_tstates; i++) {
        uint32_t gil = gil_of_tstate(session, &thread->tstates[i]);
        if (gil >= session->n_gils)
            continue;
        const struct gw_gil_words *words = &session->gils[gil].before;
        bool holds = words->locked && words->last_holder == thread->tstates[i].addr;
        bool waits = look->class == GW_SYSCALL_FUTEX && look->call.kind == GW_SYSCALL_INSIDE &&
                     gw_gil_classify_futex(&session->python.layout, session->gils[gil].addr,
                                           look->call.args[0]) != GW_GIL_FUTEX_NONE;
        if ((holds || waits) && thread->guess.tstate != thread->tstates[i].addr) {
            thread->current = i;
            thread->guess = (struct gw_stack_guess){.tstate = thread->tstates[i].addr};
            look->has_image = false;
        }
        if (holds)
            return;
    }
}

static void gather(struct gw_session *session, struct gw_look *look)
{
    const struct gw_thread *thread = session->threads[look->thread];
    struct gw_evidence *evidence = &look->evidence;
    struct gw_gil_state *gil = &session->gils[gw_session_thread_gil(session, thread)];
    evidence->holds_before = gil->holder_before == look->thread;
    evidence->holds_after = gil->holder_after == look->thread;
    evidence->kernel = look->call.kind;
    evidence->call = look->class;
    evidence->boundary = thread->boundary;
    evidence->origin = thread->origin;
    evidence->still_waits = thread->origin == GW_RUN_WAITER && gil->before.locked &&
                            gw_gil_same(&gil->before, &thread->slept_for);
    if (look->call.kind == GW_SYSCALL_INSIDE && look->class == GW_SYSCALL_FUTEX) {
        evidence->futex =
            gw_gil_classify_futex(&session->python.layout, gil->addr, look->call.args[0]);
        if (evidence->futex == GW_GIL_FUTEX_WAIT && !gil->wrefs_at)
            gil->wrefs_at =
                gw_gil_learn_cond(&session->python.layout, gil->addr, look->call.args[0]);
    }
    uint64_t requested = 0;
    if (look->has_image)
        gw_layout_get(&session->python.layout, GW_F_tstate_gil_requested,
                      gw_stack_image_tstate(&look->image), &requested);
    evidence->gil_requested = requested != 0;
}

static bool is_likelier(const struct gw_session *session, const struct gw_look *a,
                        const struct gw_look *b)
{
    if ((a->evidence.origin == GW_RUN_WAITER) != (b->evidence.origin == GW_RUN_WAITER))
        return a->evidence.origin == GW_RUN_WAITER;
    const struct gw_thread *in_a = session->threads[a->thread];
    const struct gw_thread *in_b = session->threads[b->thread];
    return in_a->sched.cpu_ns - in_a->run_cpu_ns < in_b->sched.cpu_ns - in_b->run_cpu_ns;
}

/* Threads found asleep in the GIL's condition variable, by this tick's looks or by the last. */
static uint32_t count_sleepers(const struct gw_session *session, uint32_t gil)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < session->n_threads; i++) {
        const struct gw_thread *thread = session->threads[i];
        if (thread->alive && thread->asleep && thread->origin == GW_RUN_WAITER &&
            gw_session_thread_gil(session, thread) == gil)
            n++;
    }
    for (uint32_t i = 0; i < session->n_looks; i++) {
        const struct gw_look *look = &session->looks[i];
        const struct gw_thread *thread = session->threads[look->thread];
        if (gw_session_thread_gil(session, thread) != gil)
            continue;
        bool was = thread->asleep && thread->origin == GW_RUN_WAITER;
        bool is = look->evidence.futex == GW_GIL_FUTEX_WAIT;
        n = n + is - was;
    }
    return n;
}

/* The condition variable counts those, too, that were woken and wait for a CPU. */
static void promote_counted(struct gw_session *session, uint32_t gil)
{
    uint32_t waiters =
        gw_gil_waiters(&session->python.layout,
                       gw_span_of(session->gils[gil].copy, session->python.layout.extent[GW_S_gil]),
                       session->gils[gil].wrefs_at);
    if (!waiters)
        return;
    uint32_t sleepers = count_sleepers(session, gil);
    for (uint32_t missing = waiters > sleepers ? waiters - sleepers : 0; missing; missing--) {
        struct gw_look *best = NULL;
        for (uint32_t i = 0; i < session->n_looks; i++) {
            struct gw_look *look = &session->looks[i];
            const struct gw_evidence *evidence = &look->evidence;
            if (evidence->kernel != GW_SYSCALL_RUNNING || evidence->holds_before ||
                evidence->counted ||
                gw_session_thread_gil(session, session->threads[look->thread]) != gil)
                continue;
            if (!best || is_likelier(session, look, best))
                best = look;
        }
        if (!best)
            return;
        best->evidence.counted = true;
    }
}

static void remember_origin(const struct gw_session *session, struct gw_thread *thread,
                            const struct gw_look *look)
{
    const struct gw_evidence *evidence = &look->evidence;
    if (evidence->holds_before)
        thread->origin = GW_RUN_HOLDER;
    else if (evidence->futex != GW_GIL_FUTEX_NONE) {
        thread->origin = GW_RUN_WAITER;
        thread->slept_for = session->gils[gw_session_thread_gil(session, thread)].before;
    } else if (evidence->kernel != GW_SYSCALL_RUNNING)
        thread->origin = GW_RUN_OTHER;
    else
        return; /* the run goes on */
    thread->run_cpu_ns = thread->sched.cpu_ns;
}

/* Where no CPU is free, our own tick pushes a thread off its CPU for as long as it takes. That is
 * no state of the thread, and would otherwise be seen at every single tick. One that has just let
 * go of the GIL or was woken for it waits for a CPU in its own right, for about as long. */
static uint64_t not_our_doing(const struct gw_session *session, struct gw_track *track,
                              uint64_t queue_ns)
{
    const struct gw_entry *newest = gw_track_newest(track);
    if (newest && newest->flags & GW_ENTRY_SOFT && !track->ran_native)
        return queue_ns;
    return queue_ns > session->last_work_ns ? queue_ns - session->last_work_ns : 0;
}

/* The thread's schedstat line has changed: what it did until now is settled. Of a thread that has
 * gone to sleep since, the whole run is known: it was runnable for no longer than it ran and was
 * queued, so that is where its queueing has ended. */
static void settle(struct gw_session *session, struct gw_thread *thread, bool asleep)
{
    const struct gw_tick *now =
        gw_history_tick(session->history, gw_history_end(session->history) - 1);
    uint64_t queued_ns = not_our_doing(session, &thread->track, thread->queued_ns);
    double spread = gw_random_unit(&session->random);
    double run = (double)(queued_ns + thread->ran_ns) / (double)now->dt_ns;
    if (asleep && run < 1)
        spread = 1 - spread * run;
    gw_track_settle(session->history, &thread->track, queued_ns, spread);
    thread->moved = false;
    thread->queued_ns = thread->ran_ns = 0;
}

static void judge(struct gw_session *session, struct gw_look *look)
{
    struct gw_thread *thread = session->threads[look->thread];
    if (!thread->alive)
        return;
    if (thread->moved)
        settle(session, thread, look->evidence.kernel != GW_SYSCALL_RUNNING);
    struct gw_verdict verdict = gw_classify(&look->evidence);
    if (session->stopped) /* what it was doing shows when it goes on */
        verdict = (struct gw_verdict){.on_cpu = GW_STATE_STOPPED, .queued = GW_STATE_STOPPED};
    else
        remember_origin(session, thread, look);
    /* While it sleeps nothing changes, so one look is enough; but a lost stack is looked for again.
     */
    thread->asleep = !verdict.doubt && look->evidence.kernel != GW_SYSCALL_RUNNING &&
                     thread->has_sched && !thread->lost;
    struct gw_entry entry = {
        .stack = thread->stack,
        .on_cpu = (uint8_t)verdict.on_cpu,
        .queued = (uint8_t)verdict.queued,
        .gil = (uint8_t)gw_session_thread_gil(session, thread),
        .flags =
            (uint8_t)((verdict.doubt ? GW_ENTRY_DOUBT : 0) | (verdict.soft ? GW_ENTRY_SOFT : 0)),
    };
    if (!thread->has_sched) /* without schedstat nothing will settle it: take it at its word */
        entry.flags = 0;
    gw_track_add(session->history, &thread->track, entry);
}

static void note_holders(struct gw_session *session)
{
    for (uint32_t i = 0; i < session->n_gils; i++) {
        struct gw_gil_state *gil = &session->gils[i];
        uint32_t holder = 0;
        if (gil->holder_before == GW_UNKNOWN_HOLDER)
            holder = 1;
        else if (gil->holder_before != GW_NO_HOLDER)
            holder = session->threads[gil->holder_before]->id + 2;
        gw_track_add(session->history, &gil->track, (struct gw_entry){.stack = holder});
    }
}

/* A thread that was not known yet when the tick found it holding a GIL is in the roster now: the
 * tick it was seen in is mended, with the stack of a few microseconds later. */
void gw_judge_adopt_holders(struct gw_session *session)
{
    uint64_t tick = gw_history_end(session->history) - 1;
    for (uint32_t i = 0; i < session->n_gils; i++) {
        struct gw_gil_state *gil = &session->gils[i];
        if (gil->holder_before != GW_UNKNOWN_HOLDER || !gil->readable)
            continue;
        uint32_t slot = gw_session_holder(session, &gil->before);
        if (slot == GW_UNKNOWN_HOLDER || slot == GW_NO_HOLDER)
            continue;
        gil->holder_before = gil->holder_after = slot;
        struct gw_entry *newest = gw_track_newest(&gil->track);
        uint32_t holder = session->threads[slot]->id + 2;
        if (newest && newest->tick == tick)
            newest->stack = holder;
        else
            gw_track_add(session->history, &gil->track, (struct gw_entry){.stack = holder});
        session->n_looks = 0;
        gw_tick_add_look(session, slot);
        gw_look_stack(session, &session->looks[0]);
        gather(session, &session->looks[0]);
        judge(session, &session->looks[0]);
    }
}

void gw_judge_looks(struct gw_session *session)
{
    for (uint32_t i = 0; i < session->n_looks; i++) {
        choose_tstate(session, &session->looks[i]);
        gw_look_stack(session, &session->looks[i]);
        gather(session, &session->looks[i]);
    }
    for (uint32_t i = 0; i < session->n_gils; i++)
        promote_counted(session, i);
    for (uint32_t i = 0; i < session->n_looks; i++)
        judge(session, &session->looks[i]);
    note_holders(session);
}
