/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One tick, in this order:
 *   schedstat of every thread   - what slept and has the same line is as it was
 *   ONE batched memory read     - GILs, list heads, thread states and stacks of all others
 *   syscall of those others     - what they sleep in
 *   the GILs again              - a holder that is the same in both was it all along
 * The state is that at the instant of the memory read; what came later only helps to tell it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "sample/session_state.h"

#define FREEZER_NS 10000000ull

/* --- who has to be looked at ------------------------------------------------------------------ */

static void add_look(struct gw_session *session, uint32_t slot)
{
    struct gw_look *look = &session->looks[session->n_looks++];
    look->thread = slot;
    look->has_image = false;
    look->call = (struct gw_syscall){0};
    look->evidence = (struct gw_evidence){0};
    session->threads[slot]->late = false;
}

/* Where no CPU is free, our own tick pushes a thread off its CPU for as long as it takes. That is
 * no state of the thread, and would otherwise be seen at every single tick. */
static uint64_t not_our_doing(const struct gw_session *session, uint64_t queue_ns)
{
    return queue_ns > session->last_work_ns ? queue_ns - session->last_work_ns : 0;
}

/* True if the line changed, or cannot be had. */
static bool read_schedstat(struct gw_session *session, struct gw_thread *thread)
{
    struct gw_schedstat now;
    int err = gw_task_schedstat(&thread->task, &now);
    if (err == -ESRCH) {
        gw_roster_end_thread(thread, gw_history_end(session->history) - 1);
        session->roster_due = true;
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
    gw_track_settle(session->history, &thread->track,
                    not_our_doing(session, now.run_queue_ns - thread->sched.run_queue_ns),
                    gw_random_unit(&session->random));
    thread->sched = now;
    return true;
}

/* Returns how many lines changed. */
static uint32_t find_looks(struct gw_session *session)
{
    uint32_t n_changed = 0;
    session->n_looks = 0;
    for (uint32_t i = 0; i < session->n_threads; i++) {
        struct gw_thread *thread = session->threads[i];
        if (!thread->alive)
            continue;
        bool changed = read_schedstat(session, thread);
        n_changed += changed;
        if (thread->alive && (changed || !thread->asleep || thread->late))
            add_look(session, i);
    }
    return n_changed;
}

/* --- the batched read ------------------------------------------------------------------------- */

static size_t plan_gils(struct gw_session *session, bool after)
{
    for (uint32_t i = 0; i < session->n_gils; i++) {
        struct gw_gil_state *gil = &session->gils[i];
        session->ranges[i] = (struct gw_rmem_range){.addr = gil->addr,
                                                    .buf = after ? gil->copy_after : gil->copy,
                                                    .len = session->python.layout.extent[GW_S_gil]};
    }
    return session->n_gils;
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

static size_t plan_images(struct gw_session *session, size_t n)
{
    size_t used = 0;
    for (uint32_t i = 0; i < session->n_looks; i++) {
        struct gw_look *look = &session->looks[i];
        const struct gw_stack_guess *guess = &session->threads[look->thread]->guess;
        size_t bytes = gw_stack_image_bytes(&session->python.layout, guess);
        if (bytes > session->arena_bytes - used || GW_IMAGE_RANGES > session->cap_ranges - n)
            continue; /* read on its own later */
        gw_stack_image_plan(&session->python.layout, guess, session->ranges + n,
                            session->arena + used, &look->image);
        look->has_image = true;
        n += 2 * look->image.n;
        used += bytes;
    }
    return n;
}

static uint32_t holder_slot(const struct gw_session *session, const struct gw_gil_words *words)
{
    uint32_t slot;
    if (!words->locked)
        return GW_NO_HOLDER;
    return gw_idmap_find(&session->by_tstate, words->last_holder, &slot) ? slot : GW_UNKNOWN_HOLDER;
}

static void decode_gils(struct gw_session *session, bool after)
{
    for (uint32_t i = 0; i < session->n_gils; i++) {
        struct gw_gil_state *gil = &session->gils[i];
        struct gw_gil_words *words = after ? &gil->after : &gil->before;
        struct gw_span copy =
            gw_span_of(after ? gil->copy_after : gil->copy, session->ranges[i].got);
        gil->readable = gw_gil_decode(&session->python.layout, copy, words);
        uint32_t slot = gil->readable ? holder_slot(session, words) : GW_UNKNOWN_HOLDER;
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
    size_t n = plan_heads(session, plan_gils(session, false));
    size_t n_lists = n;
    n = plan_images(session, n);
    int err = gw_rmem_readv(&session->memory, session->ranges, n);
    if (err)
        return err;
    decode_gils(session, false);
    for (size_t i = session->n_gils; i < n_lists; i++) {
        size_t at = i - session->n_gils;
        if (session->ranges[i].got != sizeof session->heads[at] ||
            session->heads[at] != session->list.interpreters[at].head)
            session->roster_due = true;
    }
    return 0;
}

/* A thread that slept and now holds a GIL, or that held one asleep and does not any more, has to
 * be looked at although its line has not changed yet. */
static void add_late_looks(struct gw_session *session)
{
    for (uint32_t i = 0; i < session->n_gils; i++) {
        uint32_t slot = session->gils[i].holder_before;
        if (slot >= session->n_threads)
            continue;
        struct gw_thread *thread = session->threads[slot];
        const struct gw_entry *newest = gw_track_newest(&thread->track);
        bool looked = false;
        for (uint32_t l = 0; l < session->n_looks; l++)
            looked |= session->looks[l].thread == slot;
        if (!looked && thread->alive && (!newest || !gw_state_holds_gil(newest->on_cpu)))
            add_look(session, slot);
    }
    uint32_t n_looks = session->n_looks;
    for (uint32_t i = 0; i < session->n_threads; i++) {
        struct gw_thread *thread = session->threads[i];
        const struct gw_entry *newest = thread->alive ? gw_track_newest(&thread->track) : NULL;
        if (!newest || !gw_state_holds_gil(newest->on_cpu) || newest->gil >= session->n_gils ||
            session->gils[newest->gil].holder_before == i)
            continue;
        bool looked = false;
        for (uint32_t l = 0; l < n_looks; l++)
            looked |= session->looks[l].thread == i;
        if (!looked)
            add_look(session, i);
    }
}

/* --- the kernel's view -------------------------------------------------------------------------
 */

static void read_syscalls(struct gw_session *session)
{
    for (uint32_t i = 0; i < session->n_looks; i++) {
        struct gw_look *look = &session->looks[i];
        struct gw_thread *thread = session->threads[look->thread];
        int err = gw_task_syscall(&thread->task, &look->call);
        if (err == -ESRCH) {
            gw_roster_end_thread(thread, gw_history_end(session->history) - 1);
            session->roster_due = true;
        }
        if (err) {
            look->evidence.unreadable = true;
            look->class = GW_SYSCALL_OTHER;
            continue;
        }
        look->class = gw_syscall_classify(session->python.machine, &look->call);
    }
}

/* --- stacks ------------------------------------------------------------------------------------
 */

static bool same_place(const struct gw_frame *a, const struct gw_frame *b)
{
    return a->frame == b->frame && a->code == b->code && a->instr == b->instr;
}

static uint32_t push_omitted(struct gw_session *session, uint32_t parent, uint32_t omitted)
{
    char name[48];
    snprintf(name, sizeof name, "[%u frames omitted]", omitted);
    uint32_t function = gw_functions_intern(session->definitions->functions, name, "", 0);
    return gw_stacks_push(session->definitions->stacks, parent, function, 0);
}

/* Turn the session's walk into a stack id; frames that have not moved keep theirs. */
static bool intern_walk(struct gw_session *session, struct gw_thread *thread)
{
    const struct gw_walk *walk = &session->walk;
    uint32_t same = 0;
    if (walk->omitted == thread->omitted)
        while (same < walk->n && same < thread->n_frames &&
               same_place(&walk->frames[same], &thread->frames[same]))
            same++;
    uint32_t fresh = walk->n - same;
    if (fresh && !gw_codes_locate(session->codes, walk->frames + same, fresh, session->locations))
        return false;
    uint32_t stack = same ? thread->nodes[same - 1] : 0;
    for (uint32_t i = same; i < walk->n; i++) {
        const struct gw_location *location = &session->locations[i - same];
        if (walk->omitted && i == GW_MAX_FRAMES / 2)
            stack = push_omitted(session, stack, walk->omitted);
        stack =
            gw_stacks_push(session->definitions->stacks, stack, location->function, location->line);
        thread->frames[i] = walk->frames[i];
        thread->nodes[i] = stack;
        thread->boundary = location->boundary;
    }
    if (!fresh && thread->n_frames != walk->n)
        thread->boundary = false; /* a caller, at its call */
    thread->n_frames = walk->n;
    thread->omitted = walk->omitted;
    thread->stack = stack;
    return true;
}

static void read_stack(struct gw_session *session, struct gw_look *look)
{
    struct gw_thread *thread = session->threads[look->thread];
    enum gw_walk_result result = gw_stack_walk(&session->memory, &session->python.layout,
                                               look->has_image ? &look->image : NULL,
                                               &thread->guess, session->scratch, &session->walk);
    if (result == GW_WALK_OK && intern_walk(session, thread))
        return;
    thread->n_frames = 0;
    thread->boundary = false;
    thread->stack = 0;
    if (result != GW_WALK_EMPTY) {
        session->torn++;
        thread->stack = session->torn_stack;
    }
}

/* --- which thread state ------------------------------------------------------------------------
 */

static uint32_t gil_of_tstate(const struct gw_session *session, const struct gw_tstate *tstate)
{
    if (tstate->interpreter >= session->list.n_interpreters)
        return 0;
    return gw_session_gil(session, session->list.interpreters[tstate->interpreter].gil);
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

/* --- evidence -----------------------------------------------------------------------------------
 */

static uint32_t thread_gil(const struct gw_session *session, const struct gw_thread *thread)
{
    uint32_t gil = thread->current < thread->n_tstates
                       ? gil_of_tstate(session, &thread->tstates[thread->current])
                       : 0;
    return gil < session->n_gils ? gil : 0;
}

static void gather(struct gw_session *session, struct gw_look *look)
{
    const struct gw_thread *thread = session->threads[look->thread];
    struct gw_evidence *evidence = &look->evidence;
    struct gw_gil_state *gil = &session->gils[thread_gil(session, thread)];
    evidence->holds_before = gil->holder_before == look->thread;
    evidence->holds_after = gil->holder_after == look->thread;
    evidence->kernel = look->call.kind;
    evidence->call = look->class;
    evidence->boundary = thread->boundary;
    evidence->origin = thread->origin;
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
            thread_gil(session, thread) == gil)
            n++;
    }
    for (uint32_t i = 0; i < session->n_looks; i++) {
        const struct gw_look *look = &session->looks[i];
        const struct gw_thread *thread = session->threads[look->thread];
        if (thread_gil(session, thread) != gil)
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
                evidence->counted || thread_gil(session, session->threads[look->thread]) != gil)
                continue;
            if (!best || is_likelier(session, look, best))
                best = look;
        }
        if (!best)
            return;
        best->evidence.counted = true;
    }
}

/* --- verdicts -----------------------------------------------------------------------------------
 */

static void remember_origin(struct gw_thread *thread, const struct gw_look *look)
{
    const struct gw_evidence *evidence = &look->evidence;
    if (evidence->holds_before)
        thread->origin = GW_RUN_HOLDER;
    else if (evidence->futex != GW_GIL_FUTEX_NONE)
        thread->origin = GW_RUN_WAITER;
    else if (evidence->kernel != GW_SYSCALL_RUNNING)
        thread->origin = GW_RUN_OTHER;
    else
        return; /* the run goes on */
    thread->run_cpu_ns = thread->sched.cpu_ns;
}

static void judge(struct gw_session *session, struct gw_look *look)
{
    struct gw_thread *thread = session->threads[look->thread];
    if (!thread->alive)
        return;
    struct gw_verdict verdict = gw_classify(&look->evidence);
    thread->asleep =
        !verdict.doubt && look->evidence.kernel != GW_SYSCALL_RUNNING && thread->has_sched;
    remember_origin(thread, look);
    struct gw_entry entry = {
        .stack = thread->stack,
        .on_cpu = (uint8_t)verdict.on_cpu,
        .queued = (uint8_t)verdict.queued,
        .gil = (uint8_t)thread_gil(session, thread),
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

/* A thread that was not known yet when the tick found it holding a GIL is in the roster now: the tick
 * it was seen in is mended, with the stack of a few microseconds later. */
void gw_tick_adopt_holders(struct gw_session *session)
{
    uint64_t tick = gw_history_end(session->history) - 1;
    for (uint32_t i = 0; i < session->n_gils; i++) {
        struct gw_gil_state *gil = &session->gils[i];
        if (gil->holder_before != GW_UNKNOWN_HOLDER || !gil->readable)
            continue;
        uint32_t slot = holder_slot(session, &gil->before);
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
        add_look(session, slot);
        read_stack(session, &session->looks[0]);
        gather(session, &session->looks[0]);
        judge(session, &session->looks[0]);
    }
}

/* --- a stopped target ----------------------------------------------------------------------------
 */

/* Every thread's clock stands still. Its kernel files look as they did, so this is asked of the
 * process itself, and only when no thread has moved. */
static void note_stopped(struct gw_session *session)
{
    session->stopped = true;
    for (uint32_t i = 0; i < session->n_threads; i++) {
        struct gw_thread *thread = session->threads[i];
        if (!thread->alive)
            continue;
        gw_track_add(session->history, &thread->track,
                     (struct gw_entry){.stack = thread->stack,
                                       .on_cpu = GW_STATE_STOPPED,
                                       .queued = GW_STATE_STOPPED,
                                       .gil = (uint8_t)thread_gil(session, thread)});
    }
}

static void note_resumed(struct gw_session *session)
{
    session->stopped = false;
    for (uint32_t i = 0; i < session->n_threads; i++)
        if (session->threads[i]->alive && !session->threads[i]->late)
            session->threads[i]->late = true;
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
    add_late_looks(session);
    read_syscalls(session);
    gw_rmem_readv(&session->memory, session->ranges, plan_gils(session, true));
    decode_gils(session, true);
    for (uint32_t i = 0; i < session->n_looks; i++) {
        choose_tstate(session, &session->looks[i]);
        read_stack(session, &session->looks[i]);
        gather(session, &session->looks[i]);
    }
    for (uint32_t i = 0; i < session->n_gils; i++)
        promote_counted(session, i);
    for (uint32_t i = 0; i < session->n_looks; i++)
        judge(session, &session->looks[i]);
    note_holders(session);
    return GW_SESSION_GOES_ON;
}

/* No thread moved: is the process stopped? A frozen cgroup takes more reads to see, so that is asked
 * for more rarely. */
static enum gw_proc_fate fate_of_still(struct gw_session *session)
{
    enum gw_proc_fate fate = gw_proc_fate_quick(&session->proc);
    if (fate != GW_PROC_RUNS || session->proc.freezer_fd < 0)
        return fate;
    if (session->last_tick_ns < session->next_freezer_ns)
        return session->stopped ? GW_PROC_STOPPED : GW_PROC_RUNS;
    session->next_freezer_ns = session->last_tick_ns + FREEZER_NS;
    return gw_proc_fate(&session->proc);
}

static enum gw_session_fate look(struct gw_session *session)
{
    uint32_t n_moved = find_looks(session);
    enum gw_proc_fate fate = n_moved ? GW_PROC_RUNS : fate_of_still(session);
    if (session->stopped && fate == GW_PROC_RUNS) {
        note_resumed(session);
        find_looks(session);
    }
    if (n_moved == 0) {
        switch (fate) {
        case GW_PROC_STOPPED:
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
    session->ticks++;
    enum gw_session_fate fate = look(session);
    session->last_work_ns = gw_monotonic_ns() - now_ns;
    return fate;
}
