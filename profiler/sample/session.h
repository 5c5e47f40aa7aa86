/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One target: attach, tick, hand over, detach. A session owns everything it knows of the target;
 * the definitions are shared with the other targets of the capture and borrowed.
 */
#ifndef GW_SAMPLE_SESSION_H
#define GW_SAMPLE_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "capture.pb-c.h"
#include "cpython/discover.h"
#include "sample/definitions.h"
#include "sample/history.h"
#include "target/proc.h"
#include "target/stopper.h"

struct gw_session;

/* Attach to a running Python. rate_hz: the highest at which it will be ticked. Returns 0 or what
 * gw_proc_open, gw_discover and gw_task_open return; *diag says it in words. */
int gw_session_open(pid_t pid, double rate_hz, struct gw_definitions *definitions,
                    struct gw_session **out, struct gw_diag *diag)
    __attribute__((warn_unused_result));

/* Threads of the target may be stopped by the stopper (borrowed), for no more than this share of
 * the time in all. NULL: no more. */
void gw_session_allow_stops(struct gw_session *session, struct gw_stopper *stopper, double budget);

/* Stacks of threads that sleep end in the C functions that they are in, from the next tick on.
 * -ENOMEM. */
enum gw_native_mode {
    GW_NATIVE_FOLDED, /* without what only hands calls on inside of the interpreter, and not of
                         threads that wait for the GIL */
    GW_NATIVE_ALL,
};
int gw_session_follow_native(struct gw_session *session, enum gw_native_mode mode)
    __attribute__((warn_unused_result));

/* Detach and free. The target is not touched. NULL is fine. */
void gw_session_close(struct gw_session *session);

enum gw_session_fate {
    GW_SESSION_GOES_ON,
    GW_SESSION_EXECED, /* another program in the same process: close and open again */
    GW_SESSION_ENDED,
};

/* One tick at time now_ns (CLOCK_MONOTONIC), of which gap_ns before it may not be counted.
 * Allocates nothing. */
enum gw_session_fate gw_session_tick(struct gw_session *session, uint64_t now_ns, uint64_t gap_ns);

/* What is due now and then and may allocate: new threads, names, room for definitions. */
enum gw_session_fate gw_session_tend(struct gw_session *session, uint64_t now_ns);

/* The history holds as much as it can: write before the next tick. */
bool gw_session_is_full(const struct gw_session *session);

/* Receives one message to write; a failure is handed back by gw_session_write. */
typedef int (*gw_session_sink)(void *context, const Gilwait__Capture__Data *data);

/* Write all ticks that are beyond doubt (all of them if `everything`), as messages whose ids have
 * all been defined before or in them. quality: of the whole profiler since its last block, put
 * into the first block. Returns 0, -ENOMEM or the sink's error. */
int gw_session_write(struct gw_session *session, bool everything,
                     Gilwait__Capture__Quality *quality, gw_session_sink sink, void *context);

/* Write the definitions of process, threads and GILs again, with the next gw_session_write. */
void gw_session_redefine(struct gw_session *session);

/* The process has ended: its definition is written again, with this time. */
void gw_session_mark_ended(struct gw_session *session, uint64_t now_ns);

/* Facts for people. */
const struct gw_proc *gw_session_proc(const struct gw_session *session);
const struct gw_python *gw_session_python(const struct gw_session *session);
size_t gw_session_n_threads(const struct gw_session *session);
uint64_t gw_session_ticks(const struct gw_session *session);

/* How many ticks since the last call took the CPU from a thread of the target. */
uint64_t gw_session_take_displaced(struct gw_session *session);

/* One thread at one tick, for a dump. */
struct gw_snapshot_thread {
    uint32_t id; /* as samples of native stacks have it */
    pid_t tid, ns_tid;
    const char *name; /* valid until the next tend */
    enum gw_state state;
    uint32_t stack;           /* id in the definitions' stacks */
    enum gw_blame_kind blame; /* for one that wants the GIL */
    pid_t waits_for;          /* tid of the holder, 0: nobody or not known */
    bool stood;               /* the stack is that of a stop, of a moment later */
};

/* How every thread stood at a tick (number, from 0) that is kept still; at most cap are stored, how
 * many there are is returned. *settled: false if one of them is in doubt. */
size_t gw_session_snapshot(const struct gw_session *session, uint64_t tick,
                           struct gw_snapshot_thread *out, size_t cap, bool *settled);

#endif
