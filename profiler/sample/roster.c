/* SPDX-License-Identifier: Apache-2.0 */
/* Who is there: brings a session's threads and GILs into line with the target's lists. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cpython/thread_names.h"
#include "sample/session_state.h"

/* Threads named in one go: each takes GW_TEXT_ROOM. */
#define NAME_BATCH 64u
#define RETRY_NS 1000000ull
#define YOUNG_NS 100000000ull
#define UNNAMED_NS (50 * 1000000ull)

uint32_t gw_session_gil(const struct gw_session *session, gw_raddr addr)
{
    for (uint32_t i = 0; i < session->n_gils; i++)
        if (session->gils[i].addr == addr)
            return i;
    return UINT32_MAX;
}

static void update_gils(struct gw_session *session)
{
    for (size_t i = 0; i < session->list.n_interpreters; i++) {
        const struct gw_interpreter *interp = &session->list.interpreters[i];
        uint32_t at = gw_session_gil(session, interp->gil);
        if (at == UINT32_MAX) {
            if (!interp->gil || session->n_gils == GW_MAX_INTERPRETERS)
                continue;
            at = session->n_gils++;
            session->gils[at] = (struct gw_gil_state){.addr = interp->gil,
                                                      .id = session->definitions->n_gils++,
                                                      .interpreter = interp->id,
                                                      .holder_before = GW_NO_HOLDER};
        }
        if (interp->id < session->gils[at].interpreter)
            session->gils[at].interpreter = interp->id;
    }
}

/* A free slot, allocated if need be. */
static struct gw_thread *take_slot(struct gw_session *session)
{
    for (uint32_t i = 0; i < session->n_threads; i++)
        if (!session->threads[i]->used)
            return session->threads[i];
    if (session->n_threads == GW_MAX_THREADS)
        return NULL;
    struct gw_thread *thread = calloc(1, sizeof *thread);
    if (thread)
        session->threads[session->n_threads++] = thread;
    return thread;
}

/* The tid in our pid namespace of one in the target's. */
static pid_t outer_tid(const struct gw_session *session, pid_t ns_tid)
{
    if (session->proc.ns_pid == session->proc.pid)
        return ns_tid;
    static const size_t cap = GW_MAX_THREADS;
    pid_t found = 0;
    pid_t *tids = malloc(cap * sizeof *tids);
    ssize_t n = tids ? gw_proc_tasks(session->proc.pid, tids, cap) : 0;
    for (ssize_t i = 0; i < n && i < (ssize_t)cap && !found; i++)
        if (gw_proc_ns_tid(session->proc.pid, tids[i]) == ns_tid)
            found = tids[i];
    free(tids);
    return found;
}

static void set_name(struct gw_thread *thread, const char *name)
{
    if (thread->name && strcmp(thread->name, name) == 0)
        return;
    char *copy = strdup(name);
    if (!copy)
        return;
    free(thread->name);
    thread->name = copy;
    thread->defined = false;
}

static struct gw_thread *add_thread(struct gw_session *session, const struct gw_tstate *tstate,
                                    uint64_t now_ns)
{
    struct gw_task task;
    pid_t tid = outer_tid(session, (pid_t)tstate->ns_tid);
    if (!tid || gw_task_open(session->proc.pid, tid, &task))
        return NULL; /* it has ended since it was listed */
    struct gw_thread *thread = take_slot(session);
    if (!thread) {
        gw_task_close(&task);
        return NULL;
    }
    memset(thread, 0, sizeof *thread);
    thread->used = thread->alive = true;
    thread->id = session->definitions->n_threads++;
    thread->tid = tid;
    thread->ns_tid = (pid_t)tstate->ns_tid;
    thread->is_main = thread->ns_tid == session->proc.ns_pid;
    thread->first_seen_ns = now_ns;
    thread->task = task;
    thread->last_cpu = -1;
    thread->ended_tick = UINT64_MAX;
    thread->late = true;
    thread->cond_gil = UINT32_MAX;
    session->watch.stale = true;
    char numbered[32];
    snprintf(numbered, sizeof numbered, "thread %d", thread->ns_tid);
    set_name(thread, numbered); /* until a better one is found */
    return thread;
}

/* An OS thread that runs in several interpreters has a thread state in each. Two in the same one:
 * the newer belongs to a thread about to start, which has not put its own id in yet; false. */
static bool attach_tstate(struct gw_thread *thread, const struct gw_tstate *tstate)
{
    for (uint32_t i = 0; i < thread->n_tstates; i++)
        if (thread->tstates[i].interpreter == tstate->interpreter)
            return false;
    if (thread->n_tstates < GW_TSTATES_PER_THREAD)
        thread->tstates[thread->n_tstates++] = *tstate;
    return true;
}

/* Give each listed thread state to its thread, oldest first: they are listed from the newest on.
 * Returns whether any thread is new; *starting: a thread state is not bound to its own yet. */
static bool list_threads(struct gw_session *session, uint64_t now_ns, bool *starting)
{
    bool any_new = false;
    *starting = false;
    for (size_t i = session->list.n_tstates; i-- > 0;) {
        const struct gw_tstate *tstate = &session->list.tstates[i];
        uint32_t slot;
        struct gw_thread *thread = NULL;
        if (!tstate->ns_tid) {
            *starting = true;
            continue;
        }
        if (gw_idmap_find(&session->by_tid, tstate->ns_tid, &slot))
            thread = session->threads[slot];
        if (!thread) {
            thread = add_thread(session, tstate, now_ns);
            any_new = true;
        }
        if (!thread)
            continue;
        thread->seen = true;
        if (!attach_tstate(thread, tstate))
            *starting = true;
    }
    return any_new;
}

void gw_roster_end_thread(struct gw_thread *thread, uint64_t tick)
{
    if (!thread->alive)
        return;
    thread->alive = false;
    thread->ended_tick = tick;
    gw_task_close(&thread->task);
}

static int clear_map(struct gw_idmap *map, size_t n)
{
    if (map->slots)
        memset(map->slots, 0, map->n_slots * sizeof *map->slots);
    map->n = 0;
    return gw_idmap_reserve(map, n);
}

static int index_tids(struct gw_session *session)
{
    int err = clear_map(&session->by_tid, session->list.n_tstates + session->n_threads);
    for (uint32_t i = 0; !err && i < session->n_threads; i++)
        if (session->threads[i]->alive)
            gw_idmap_put(&session->by_tid, (uint64_t)session->threads[i]->ns_tid, i);
    return err;
}

static int index_tstates(struct gw_session *session)
{
    int err = clear_map(&session->by_tstate, session->list.n_tstates);
    for (uint32_t i = 0; !err && i < session->n_threads; i++) {
        const struct gw_thread *thread = session->threads[i];
        for (uint32_t j = 0; thread->alive && j < thread->n_tstates; j++)
            gw_idmap_put(&session->by_tstate, thread->tstates[j].addr, i);
    }
    return err;
}

/* Which of its thread states the thread is looked at under; a change makes its last look void. */
static void choose_current(struct gw_session *session, struct gw_thread *thread)
{
    uint64_t was = thread->guess.tstate;
    for (uint32_t i = 0; i < thread->n_tstates; i++) {
        if (thread->tstates[i].addr == was) {
            thread->current = i;
            return;
        }
    }
    thread->current = 0;
    thread->guess = (struct gw_stack_guess){.tstate = thread->tstates[0].addr};
    thread->late = true;
    session->watch.stale = true;
}

/* A starting thread is bound within microseconds as a rule; one that never is, is asked for ever
 * more rarely. */
static void look_again_soon(struct gw_session *session, uint64_t now_ns, bool starting)
{
    if (!starting) {
        session->start_retry_ns = 0;
        session->next_start_ns = UINT64_MAX;
        return;
    }
    session->start_retry_ns = session->start_retry_ns ? 2 * session->start_retry_ns : RETRY_NS;
    session->next_start_ns = now_ns + session->start_retry_ns;
}

/* A new thread gets its name a moment after its state, when it has had the GIL for the first time.
 */
static void expect_names(struct gw_session *session)
{
    session->any_unnamed = true;
    session->unnamed_pause_ns = UNNAMED_NS;
}

static bool is_known_tstate(const void *context, gw_raddr addr, uint64_t id)
{
    const struct gw_session *session = context;
    uint32_t slot;
    if (!gw_idmap_find(&session->by_tstate, addr, &slot) || !session->threads[slot]->alive)
        return false;
    const struct gw_thread *thread = session->threads[slot];
    for (uint32_t i = 0; i < thread->n_tstates; i++)
        if (thread->tstates[i].addr == addr)
            return thread->tstates[i].id == id;
    return false;
}

static void end_unseen(struct gw_session *session)
{
    for (uint32_t i = 0; i < session->n_threads; i++) {
        if (!session->threads[i]->alive || session->threads[i]->seen)
            continue;
        gw_roster_end_thread(session->threads[i], gw_history_end(session->history));
        session->watch.stale = true;
    }
}

int gw_roster_update(struct gw_session *session, uint64_t now_ns, bool all)
{
    int err = gw_thread_list_read(&session->memory, &session->python, session->proc.ns_pid,
                                  all ? NULL : is_known_tstate, session, &session->list);
    if (!err)
        err = index_tids(session);
    if (err)
        return err;
    for (uint32_t i = 0; all && i < session->n_threads; i++) {
        session->threads[i]->seen = false;
        session->threads[i]->n_tstates = 0;
    }
    update_gils(session);
    bool starting;
    if (list_threads(session, now_ns, &starting))
        expect_names(session);
    look_again_soon(session, now_ns, starting);
    if (all && session->list.complete)
        end_unseen(session);
    if (all)
        session->watch.has_rest = false; /* all lines are read anew: nothing stays wrong for long */
    for (uint32_t i = 0; i < session->n_threads; i++)
        if (session->threads[i]->alive && session->threads[i]->n_tstates)
            choose_current(session, session->threads[i]);
    session->roster_due = false;
    return index_tstates(session);
}

/* --- names ----------------------------------------------------------------------------------- */

/* What a thread is called that `threading` does not know: by the kernel, unless that is just the
 * name of the process. */
static void set_fallback_name(const struct gw_session *session, struct gw_thread *thread)
{
    char comm[64], process[64];
    if (thread->is_main) {
        set_name(thread, "MainThread");
        return;
    }
    if (gw_proc_comm(session->proc.pid, thread->tid, comm, sizeof comm) >= 0 &&
        gw_proc_comm(session->proc.pid, session->proc.pid, process, sizeof process) >= 0 &&
        strcmp(comm, process) != 0 && comm[0])
        set_name(thread, comm);
}

/* A new thread has the kernel's name of the one that started it until it gets its own. */
static bool is_young(const struct gw_session *session, const struct gw_thread *thread)
{
    return thread->first_seen_ns != session->first_seen_ns &&
           gw_monotonic_ns() - thread->first_seen_ns < YOUNG_NS;
}

static void name_batch(struct gw_session *session, gw_raddr interp, struct gw_thread **threads,
                       struct gw_thread_name *names, size_t n)
{
    gw_thread_names_read(&session->memory, &session->python.layout, interp, names, n);
    for (size_t i = 0; i < n; i++) {
        if (names[i].name[0])
            set_name(threads[i], names[i].name);
        else if (!threads[i]->named && is_young(session, threads[i]))
            session->any_unnamed = true;
        else if (!threads[i]->named)
            set_fallback_name(session, threads[i]);
        threads[i]->named |= names[i].name[0] != 0;
    }
}

bool gw_roster_name_threads(struct gw_session *session, bool all)
{
    struct gw_thread *threads[NAME_BATCH];
    struct gw_thread_name *names = calloc(NAME_BATCH, sizeof *names);
    if (!names)
        return true;
    for (size_t i = 0; i < session->list.n_interpreters; i++) {
        gw_raddr interp = session->list.interpreters[i].addr;
        size_t n = 0;
        for (uint32_t t = 0; t < session->n_threads; t++) {
            struct gw_thread *thread = session->threads[t];
            if (!thread->alive || !thread->n_tstates || (thread->named && !all) ||
                thread->tstates[0].interpreter != (uint32_t)i)
                continue;
            threads[n] = thread;
            names[n] = (struct gw_thread_name){.ident = thread->tstates[0].ident};
            if (++n == NAME_BATCH) {
                name_batch(session, interp, threads, names, n);
                n = 0;
            }
        }
        if (n)
            name_batch(session, interp, threads, names, n);
    }
    free(names);
    bool any_unnamed = false;
    for (uint32_t t = 0; t < session->n_threads; t++)
        any_unnamed |= session->threads[t]->alive && !session->threads[t]->named;
    return any_unnamed;
}

void gw_roster_free(struct gw_session *session)
{
    for (uint32_t i = 0; i < session->n_threads; i++) {
        gw_roster_end_thread(session->threads[i], 0);
        free(session->threads[i]->name);
        free(session->threads[i]);
    }
    free(session->threads);
    gw_idmap_free(&session->by_tstate);
    gw_idmap_free(&session->by_tid);
}
