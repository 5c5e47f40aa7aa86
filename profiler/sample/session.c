/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "sample/native_stack.h"
#include "sample/native_stops.h"
#include "sample/session_state.h"

#define ROSTER_NS (500 * 1000000ull) /* a thread state that ends without its thread shows late */
#define NAMES_NS (10 * GW_NS_PER_S)  /* threads may be renamed */
#define TEND_NS (20 * 1000000ull)
#define FATE_NS (100 * 1000000ull)
#define SPARE_CODES 1024u
#define HISTORY_SECONDS 3.0
#define TICK_RANGES 65536u
#define TICK_ARENA ((size_t)16 << 20) /* touched only as far as live stacks need it */

static int allocate(struct gw_session *session, double rate_hz)
{
    session->codes =
        gw_codes_new(&session->memory, &session->python.layout, session->definitions->functions);
    if (session->codes)
        session->ccalls =
            gw_ccalls_new(&session->memory, &session->python.layout, session->codes,
                          session->definitions->functions, session->definitions->strings);
    session->scratch = gw_stack_scratch_new();
    session->threads = calloc(GW_MAX_THREADS, sizeof *session->threads);
    session->history = gw_history_new((size_t)(rate_hz * HISTORY_SECONDS) + 64);
    session->looks = calloc(GW_MAX_THREADS, sizeof *session->looks);
    session->ranges = calloc(TICK_RANGES, sizeof *session->ranges);
    session->cap_ranges = TICK_RANGES;
    session->arena = malloc(TICK_ARENA);
    session->arena_bytes = TICK_ARENA;
    if (!session->codes || !session->ccalls || !session->scratch || !session->threads ||
        !session->history || !session->looks || !session->ranges || !session->arena)
        return -ENOMEM;
    int err = gw_watch_init(session);
    if (!err)
        err = gw_thread_list_init(&session->list);
    if (!err)
        err = gw_ccalls_reserve(session->ccalls, SPARE_CODES);
    return err ? err : gw_codes_reserve(session->codes, SPARE_CODES);
}

static int explain_attach(int err, pid_t pid, struct gw_diag *diag)
{
    if (diag && !diag->what[0])
        gw_diag_what(diag, err, "cannot read process %d", pid);
    if (diag && !diag->fix[0] && gw_error_class(err) == GW_CLASS_DENIED)
        gw_diag_fix(diag,
                    "run as the same user or as root; `gilwait doctor -p %d` tells which "
                    "right is missing",
                    pid);
    return err;
}

static int attach(struct gw_session *session, double rate_hz, struct gw_diag *diag)
{
    struct gw_proc_stat stat;
    session->memory = gw_rmem_of(session->proc.pid);
    if (gw_proc_stat_read(session->proc.pid, 0, &stat) == 0)
        session->parent_pid = stat.ppid;
    int err = gw_discover(session->proc.pid, &session->memory, &session->python, diag);
    if (err)
        return err;
    err = allocate(session, rate_hz);
    if (err)
        return err;
    session->first_seen_ns = session->last_tick_ns = gw_monotonic_ns();
    err = gw_roster_update(session, session->first_seen_ns, true);
    if (err)
        return err;
    for (uint32_t i = 0; i < session->n_threads; i++)
        if (session->threads[i]->alive)
            return gw_session_tend(session, session->first_seen_ns) == GW_SESSION_ENDED ? -ESRCH
                                                                                        : 0;
    /* Not one thread's files could be opened: the reason is the same for all of them. */
    struct gw_task task;
    err = gw_task_open(session->proc.pid, session->proc.pid, &task);
    if (!err)
        gw_task_close(&task);
    return err ? err : -GW_E_NO_THREADS;
}

int gw_session_open(pid_t pid, double rate_hz, struct gw_definitions *definitions,
                    struct gw_session **out, struct gw_diag *diag)
{
    struct gw_session *session = calloc(1, sizeof *session);
    if (!session)
        return -ENOMEM;
    session->own =
        (struct gw_task){.syscall_fd = -1, .schedstat_fd = -1, .stat_fd = -1, .sched_fd = -1};
    int err = gw_proc_open(pid, &session->proc, diag);
    if (err) {
        free(session);
        return explain_attach(err, pid, diag);
    }
    session->definitions = definitions;
    if (getrandom(&session->random, sizeof session->random, GRND_NONBLOCK) < 0)
        session->random = gw_monotonic_ns();
    err = attach(session, rate_hz, diag);
    if (err) {
        gw_session_close(session);
        return explain_attach(err, pid, diag);
    }
    session->process_id = definitions->n_processes++;
    *out = session;
    return 0;
}

void gw_session_allow_stops(struct gw_session *session, struct gw_stopper *stopper, double budget)
{
    session->stops = (struct gw_stops){.stopper = stopper, .budget = budget};
}

int gw_session_follow_native(struct gw_session *session, enum gw_native_mode mode)
{
    session->native = gw_native_stacks_new(session->proc.pid, &session->memory, mode);
    session->native_stops = gw_native_stops_new();
    return session->native && session->native_stops ? 0 : -ENOMEM;
}

void gw_session_close(struct gw_session *session)
{
    if (!session)
        return;
    if (session->stops.stopper)
        gw_stopper_forget(session->stops.stopper, session);
    if (session->threads)
        gw_roster_free(session);
    gw_watch_free(session);
    gw_thread_list_fini(&session->list);
    gw_idmap_free(&session->met);
    gw_ccalls_free(session->ccalls);
    gw_codes_free(session->codes);
    gw_native_stacks_free(session->native);
    gw_native_stops_free(session->native_stops);
    gw_stack_scratch_free(session->scratch);
    gw_history_free(session->history);
    free(session->looks);
    free(session->ranges);
    free(session->arena);
    gw_proc_close(&session->proc);
    gw_task_close(&session->own);
    free(session);
}

static enum gw_session_fate check_fate(struct gw_session *session, uint64_t now_ns)
{
    if (now_ns < session->next_fate_ns)
        return GW_SESSION_GOES_ON;
    session->next_fate_ns = now_ns + FATE_NS;
    switch (gw_proc_fate(&session->proc)) {
    case GW_PROC_RUNS:
    case GW_PROC_STOPPED:
        return GW_SESSION_GOES_ON;
    case GW_PROC_EXECED:
        return GW_SESSION_EXECED;
    case GW_PROC_ENDED:
        return GW_SESSION_ENDED;
    }
    return GW_SESSION_ENDED;
}

/* New threads at once; those that have gone, at leisure: their own files tell sooner. A full look
 * may take no more than 1 % of the time. */
static int tend_roster(struct gw_session *session, uint64_t now_ns)
{
    bool all = now_ns >= session->next_roster_ns;
    if (!all && !session->roster_due && now_ns < session->next_start_ns)
        return 0;
    int err = gw_roster_update(session, now_ns, all);
    if (!err && session->ticks)
        gw_judge_adopt_holders(session);
    if (all) {
        uint64_t took_ns = gw_monotonic_ns() - now_ns;
        session->next_roster_ns = now_ns + (took_ns * 100 > ROSTER_NS ? took_ns * 100 : ROSTER_NS);
    }
    return err;
}

static void tend_names(struct gw_session *session, uint64_t now_ns)
{
    if (now_ns >= session->next_names_ns) {
        session->next_names_ns = now_ns + NAMES_NS;
        gw_roster_name_threads(session, true);
    } else if (session->any_unnamed &&
               now_ns - session->unnamed_asked_ns >= session->unnamed_pause_ns) {
        session->unnamed_asked_ns = now_ns;
        session->unnamed_pause_ns *= 2; /* there are those that never get one */
        session->any_unnamed = gw_roster_name_threads(session, false);
    }
}

enum gw_session_fate gw_session_tend(struct gw_session *session, uint64_t now_ns)
{
    if (gw_native_stacks_due(session, now_ns)) {
        gw_native_stacks_tend(session, now_ns);
        gw_native_stops_tend(session);
    }
    if (!session->roster_due && now_ns < session->next_tend_ns && now_ns < session->next_start_ns)
        return GW_SESSION_GOES_ON;
    session->next_tend_ns = now_ns + TEND_NS;
    /* The program that an exec has put in its place may have its threads at the same addresses. */
    if (gw_proc_fate_quick(&session->proc) == GW_PROC_EXECED)
        return GW_SESSION_EXECED;
    if (tend_roster(session, now_ns) == -ESRCH)
        return GW_SESSION_ENDED;
    if (session->ticks)
        tend_names(session, now_ns);
    else
        session->next_tend_ns = 0; /* names can wait until the first tick has been made */
    /* Short of memory the tick goes on with what room it has; stacks are cut then. */
    if (gw_codes_reserve(session->codes, SPARE_CODES) == 0 &&
        gw_ccalls_reserve(session->ccalls, SPARE_CODES) == 0 &&
        gw_idmap_reserve(&session->met, session->met.n + SPARE_CODES) == 0 &&
        gw_definitions_reserve(session->definitions) == 0 && !session->torn_stack)
        session->torn_stack = gw_stacks_push(
            session->definitions->stacks, 0,
            gw_functions_intern(session->definitions->functions, "[stack lost]", "", 0), 0);
    return check_fate(session, now_ns);
}

bool gw_session_is_full(const struct gw_session *session)
{
    return gw_history_is_full(session->history);
}

const struct gw_proc *gw_session_proc(const struct gw_session *session)
{
    return &session->proc;
}

const struct gw_python *gw_session_python(const struct gw_session *session)
{
    return &session->python;
}

uint64_t gw_session_take_displaced(struct gw_session *session)
{
    uint64_t displaced = session->displaced;
    session->displaced = 0;
    return displaced;
}

size_t gw_session_n_threads(const struct gw_session *session)
{
    size_t n = 0;
    for (uint32_t i = 0; i < session->n_threads; i++)
        n += session->threads[i]->alive;
    return n;
}

void gw_session_mark_ended(struct gw_session *session, uint64_t now_ns)
{
    session->ended_ns = now_ns;
    session->process_defined = false;
}

uint64_t gw_session_ticks(const struct gw_session *session)
{
    return session->ticks;
}

/* --- snapshot -------------------------------------------------------------------------------- */

static void fill_blame(const struct gw_session *session, uint64_t tick,
                       const struct gw_entry *entry, struct gw_snapshot_thread *out)
{
    out->blame = GW_BLAME_UNKNOWN;
    if (!gw_state_wants_gil(out->state) || entry->gil >= session->n_gils)
        return;
    const struct gw_entry *holder = gw_track_at(&session->gils[entry->gil].track, tick);
    if (!holder || holder->stack == 1)
        return;
    out->blame = holder->stack ? GW_BLAME_HELD : GW_BLAME_HANDOFF;
    for (uint32_t i = 0; holder->stack && i < session->n_threads; i++)
        if (session->threads[i]->used && session->threads[i]->id + 2 == holder->stack)
            out->waits_for = session->threads[i]->tid;
}

size_t gw_session_snapshot(const struct gw_session *session, uint64_t tick,
                           struct gw_snapshot_thread *out, size_t cap, bool *settled)
{
    size_t n = 0;
    *settled = true;
    for (uint32_t i = 0; i < session->n_threads; i++) {
        const struct gw_thread *thread = session->threads[i];
        const struct gw_entry *entry = thread->used ? gw_track_at(&thread->track, tick) : NULL;
        if (!entry || thread->ended_tick <= tick)
            continue;
        if (entry->flags & GW_ENTRY_DOUBT)
            *settled = false;
        if (n < cap) {
            out[n] = (struct gw_snapshot_thread){.id = thread->id,
                                                 .tid = thread->tid,
                                                 .ns_tid = thread->ns_tid,
                                                 .name = thread->name ? thread->name : "",
                                                 .state = gw_entry_state(entry),
                                                 .stack = entry->stack};
            fill_blame(session, tick, entry, &out[n]);
        }
        n++;
    }
    return n;
}
