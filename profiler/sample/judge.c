/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tick has read becomes evidence, evidence a judgement, and the judgement an entry of the
 * history.
 */
#include "base/random.h"
#include "sample/displaced.h"
#include "sample/native_stops.h"
#include "sample/session_state.h"
#include "sample/stops.h"

/* CPU time between waking up in a call and asking for the GIL, or in one wait for it. */
#define MOMENTS_NS 100000u
/* For so long it was seen in no call, and so much of its CPU time it spends with the GIL. */
#define COMPUTES_NS 250000000u
#define COMPUTES_PART 0.8

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

/* Length of the period that ends with the present tick. */
static uint64_t tick_ns(const struct gw_session *session)
{
    return gw_history_tick(session->history, gw_history_end(session->history) - 1)->dt_ns;
}

/* Where a hold began or ended within the present period: half of that, but no long hold is made of
 * two periods that are long. */
static uint64_t end_part_ns(const struct gw_session *session, const struct gw_gil_state *gil)
{
    uint64_t half = tick_ns(session) / 2, quarter = gil->before.interval_us * 250;
    return half < quarter ? half : quarter;
}

/* A thread that has not been seen asleep for anything but the GIL for a while, and spends its CPU
 * time with it, lets go of the GIL only when made to. */
static bool only_computes(const struct gw_session *session, const struct gw_thread *thread)
{
    return session->last_tick_ns - thread->called_ns > COMPUTES_NS &&
           gw_track_hold_part(&thread->track) > COMPUTES_PART;
}

static void gather(struct gw_session *session, struct gw_look *look)
{
    const struct gw_thread *thread = session->threads[look->thread];
    struct gw_evidence *evidence = &look->evidence;
    evidence->kernel = look->call.kind;
    evidence->call = look->class;
    evidence->no_gil = session->n_gils == 0;
    if (evidence->no_gil)
        return;
    struct gw_gil_state *gil = &session->gils[gw_session_thread_gil(session, thread)];
    evidence->holds_before = gil->holder_before == look->thread;
    evidence->holds_after = gil->holder_after == look->thread;
    bool no_gil = !evidence->holds_before && !evidence->holds_after;
    evidence->boundary = thread->boundary || (no_gil && gw_ccall_is_over(&thread->ccall));
    evidence->in_c =
        no_gil && !evidence->boundary && gw_ccall_is_in_c(&session->python.layout, &thread->ccall);
    evidence->origin = thread->origin;
    evidence->back = thread->sched.cpu_ns - thread->run_cpu_ns < MOMENTS_NS;
    evidence->fresh = evidence->back || thread->slices || !thread->free_run;
    evidence->still_waits = thread->origin == GW_RUN_WAITER && gil->before.locked &&
                            gw_gil_same(&gil->before, &thread->slept_for);
    if (look->call.kind == GW_SYSCALL_INSIDE && look->class == GW_SYSCALL_FUTEX) {
        evidence->futex =
            gw_gil_classify_futex(&session->python.layout, gil->addr, look->call.args[0]);
        if (evidence->futex == GW_GIL_FUTEX_WAIT && !gil->wrefs_at)
            gil->wrefs_at =
                gw_gil_learn_cond(&session->python.layout, gil->addr, look->call.args[0]);
    }
    evidence->forced =
        thread->held_ns + end_part_ns(session, gil) >= gil->before.interval_us * 750 ||
        only_computes(session, thread);
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

/* Threads found asleep in the GIL's condition variable, by this tick's looks or by the last. Who
 * held the GIL in the memory read went to sleep after the count was taken. */
static uint32_t count_sleepers(const struct gw_session *session, uint32_t gil)
{
    uint32_t n = session->gils[gil].n_in_cond;
    for (uint32_t i = 0; i < session->n_looks; i++) {
        const struct gw_look *look = &session->looks[i];
        const struct gw_thread *thread = session->threads[look->thread];
        if (gw_session_thread_gil(session, thread) != gil)
            continue;
        bool was = thread->cond_gil == gil;
        bool is = look->evidence.futex == GW_GIL_FUTEX_WAIT && !look->evidence.holds_before;
        n = n + is - was;
    }
    return n;
}

/* A runnable thread without the GIL, which is not yet among those counted. */
static bool is_candidate(const struct gw_session *session, const struct gw_look *look, uint32_t gil)
{
    const struct gw_evidence *evidence = &look->evidence;
    return evidence->kernel == GW_SYSCALL_RUNNING && !evidence->holds_before &&
           !evidence->counted && !evidence->unreadable &&
           gw_session_thread_gil(session, session->threads[look->thread]) == gil;
}

/* How well it fits that the thread is counted. One that was runnable without the GIL at the last
 * look most likely is what it was then, and for certain if it has had no CPU since; one that waits
 * has run for moments only, unless a whole turn fits between two ticks. */
static int rank(const struct gw_session *session, const struct gw_look *look)
{
    const struct gw_thread *thread = session->threads[look->thread];
    const struct gw_evidence *evidence = &look->evidence;
    if (evidence->holds_after || evidence->boundary || evidence->gil_requested ||
        evidence->still_waits)
        return 4;
    if (thread->free_run)
        return thread->counted ? 3 : thread->slices ? 1 : 0;
    return thread->ran_ns < MOMENTS_NS ? 3 : 2;
}

static struct gw_look *find_likeliest(struct gw_session *session, uint32_t gil)
{
    struct gw_look *best = NULL;
    int best_rank = 0;
    for (uint32_t i = 0; i < session->n_looks; i++) {
        struct gw_look *look = &session->looks[i];
        int its_rank = is_candidate(session, look, gil) ? rank(session, look) : 0;
        if (its_rank > best_rank ||
            (best && its_rank == best_rank && is_likelier(session, look, best))) {
            best = look;
            best_rank = its_rank;
        }
    }
    return best;
}

/* Who is not counted is not in the wait. It may be on its way from the wait to the GIL while that
 * is free, unless it is the one that has just left it; or on its way to the wait, if it slept on
 * the mutex that guards both or for something else. */
static void leave_out(struct gw_session *session, uint32_t gil)
{
    const struct gw_gil_words *words = &session->gils[gil].before;
    for (uint32_t i = 0; i < session->n_looks; i++) {
        struct gw_look *look = &session->looks[i];
        const struct gw_thread *thread = session->threads[look->thread];
        bool at_mutex = thread->origin != GW_RUN_HOLDER && !thread->in_cond && look->evidence.back;
        if (is_candidate(session, look, gil) && !at_mutex)
            look->evidence.left_out =
                words->locked || words->last_holder == thread->tstates[thread->current].addr;
    }
}

/* The condition variable counts those, too, that were woken and wait for a CPU. The rest of the
 * runnable threads is not in the wait. But where a whole turn with the GIL fits between two ticks,
 * one may have been made to drop it again; up to 3.9 its place in the code does not tell. */
static void promote_counted(struct gw_session *session, uint32_t index, uint32_t sleepers)
{
    const struct gw_gil_state *gil = &session->gils[index];
    uint32_t waiters = gw_gil_waiters(
        &session->python.layout, gw_span_of(gil->copy, session->python.layout.extent[GW_S_gil]),
        gil->wrefs_at);
    for (uint32_t missing = waiters > sleepers ? waiters - sleepers : 0; missing; missing--) {
        struct gw_look *best = find_likeliest(session, index);
        if (!best)
            return;
        best->evidence.counted = true;
    }
    if (gil->wrefs_at && (session->python.layout.boundary_opcodes ||
                          tick_ns(session) < gil->before.interval_us * 1000))
        leave_out(session, index);
}

/* For how long has the holder kept others waiting? Nobody is made to drop the GIL before somebody
 * has waited for a whole switch interval. */
static void follow_hold(struct gw_session *session, uint32_t index, uint32_t sleepers)
{
    struct gw_gil_state *gil = &session->gils[index];
    bool contested = sleepers > 0;
    bool same = gil->before.locked && gw_gil_same(&gil->before, &gil->held);
    if (!same || !gil->contested_ns)
        gil->contested_ns = contested ? end_part_ns(session, gil) : 0;
    else
        gil->contested_ns += tick_ns(session);
    gil->held = gil->before;
    if (gil->holder_before < session->n_threads)
        session->threads[gil->holder_before]->held_ns = gil->contested_ns;
}

static void remember_origin(const struct gw_session *session, struct gw_thread *thread,
                            const struct gw_look *look)
{
    const struct gw_evidence *evidence = &look->evidence;
    if (evidence->holds_before) {
        thread->origin = GW_RUN_HOLDER;
    } else if (evidence->futex != GW_GIL_FUTEX_NONE) {
        thread->origin = GW_RUN_WAITER;
        thread->in_cond = evidence->futex == GW_GIL_FUTEX_WAIT;
        thread->slept_for = session->gils[gw_session_thread_gil(session, thread)].before;
    } else if (evidence->kernel != GW_SYSCALL_RUNNING) {
        thread->origin = GW_RUN_OTHER;
        thread->in_cond = false;
        thread->called_ns = session->last_tick_ns;
    } else {
        return; /* the run goes on */
    }
    thread->run_cpu_ns = thread->sched.cpu_ns;
}

/* Ticks at which the thread may have run unseen. What is still running and has been charged with
 * less than a period began behind the last tick, as far as can be told. */
static uint64_t missed_ticks(const struct gw_session *session, const struct gw_look *look)
{
    const struct gw_thread *thread = session->threads[look->thread];
    bool just_began = look->call.kind == GW_SYSCALL_RUNNING && thread->ran_ns < tick_ns(session);
    return just_began ? 0 : thread->unread;
}

/* The thread's schedstat line has changed: what it did until now is settled. */
static void settle(struct gw_session *session, const struct gw_look *look)
{
    struct gw_thread *thread = session->threads[look->thread];
    gw_track_settle(session->history, &thread->track,
                    &(struct gw_growth){.ran_ns = thread->ran_ns,
                                        .queued_ns = thread->queued_ns,
                                        .slices = thread->slices,
                                        .ours_ns = session->last_work_ns + GW_WAKING_NS,
                                        .unread = missed_ticks(session, look),
                                        .lot = gw_random_unit(&session->random)});
}

/* Flags of a look whose judgement is in doubt. */
static uint8_t doubt_flags(const struct gw_thread *thread, const struct gw_look *look,
                           const struct gw_judgement *judgement)
{
    unsigned flags = GW_ENTRY_DOUBT | (judgement->soft ? GW_ENTRY_SOFT : 0) |
                     (judgement->ask ? GW_ENTRY_ASK : 0);
    if (look->ours)
        flags |= look->place;
    else if (thread->moved && thread->slices && !thread->ran_ns)
        flags |= GW_ENTRY_ON;
    return (uint8_t)flags;
}

/* Known at once: what its line shows next has begun behind this tick. */
static bool was_running(const struct gw_look *look)
{
    return look->ours && look->place == GW_ENTRY_ON;
}

static void judge(struct gw_session *session, struct gw_look *look)
{
    struct gw_thread *thread = session->threads[look->thread];
    if (!thread->alive)
        return;
    if (thread->moved)
        settle(session, look);
    struct gw_judgement judgement = gw_classify(&look->evidence);
    if (session->stopped) /* what it was doing shows when it goes on */
        judgement = (struct gw_judgement){.on_cpu = GW_STATE_STOPPED, .queued = GW_STATE_STOPPED};
    else
        remember_origin(session, thread, look);
    /* While it sleeps nothing changes, so one look is enough; but a lost stack is looked for again.
     */
    thread->asleep = !judgement.doubt && look->evidence.kernel != GW_SYSCALL_RUNNING &&
                     thread->has_sched && !thread->lost;
    struct gw_entry entry = {
        .stack = thread->stack,
        .on_cpu = (uint8_t)judgement.on_cpu,
        .queued = (uint8_t)judgement.queued,
        .gil = (uint8_t)gw_session_thread_gil(session, thread),
        .flags = judgement.doubt && !was_running(look) ? doubt_flags(thread, look, &judgement) : 0,
    };
    thread->counted = look->evidence.counted;
    thread->free_run = look->evidence.kernel == GW_SYSCALL_RUNNING && !look->evidence.holds_before;
    thread->moved = false;
    thread->queued_ns = thread->ran_ns = thread->slices = 0;
    if (!thread->has_sched) /* without schedstat nothing will settle it: take it at its word */
        entry.flags = 0;
    gw_track_add(session->history, &thread->track, entry);
    if (judgement.ask && session->stops.stopper)
        gw_stops_ask(session, look);
    gw_watch_note(session, look->thread);
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
        gw_watch_add_look(session, slot);
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
    for (uint32_t i = 0; i < session->n_gils; i++) {
        uint32_t sleepers = count_sleepers(session, i);
        promote_counted(session, i, sleepers);
        follow_hold(session, i, sleepers);
    }
    gw_displaced_find(session);
    if (session->stops.stopper)
        gw_stops_take(session);
    for (uint32_t i = 0; i < session->n_looks; i++)
        judge(session, &session->looks[i]);
    if (session->native_stops && session->stops.stopper)
        gw_native_stops_ask(session);
    note_holders(session);
}
