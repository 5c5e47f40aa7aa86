/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of gilwait, in one place: every program prints these and no others.
 * The numbers are part of the capture format: append, never renumber.
 */
#ifndef GW_FORMAT_VOCABULARY_H
#define GW_FORMAT_VOCABULARY_H

#include <stdbool.h>

/* What a state counts as in a summary. */
#define GW_ROLLUP_LIST(X)                                                                          \
    X(RUNNING, "running")                                                                          \
    X(GIL_WAIT, "waiting for the GIL")                                                             \
    X(IO_WAIT, "waiting on I/O")                                                                   \
    X(IDLE, "idle or blocked")                                                                     \
    X(CPU_WAIT, "waiting for a CPU")                                                               \
    X(STOPPED, "stopped")                                                                          \
    X(UNKNOWN, "unknown")

enum gw_rollup {
#define GW_ROLLUP_ENUM(name, text) GW_ROLLUP_##name,
    GW_ROLLUP_LIST(GW_ROLLUP_ENUM)
#undef GW_ROLLUP_ENUM
        GW_N_ROLLUPS
};

/* A Python thread is in exactly one of these at each instant: name, number, printed, roll-up,
 * meaning. */
#define GW_STATE_LIST(X)                                                                           \
    X(UNKNOWN, 0, "unknown", UNKNOWN, "could not be told")                                         \
    X(GIL_RUNNING, 1, "gil-running", RUNNING, "holds the GIL and is on a CPU")                     \
    X(GIL_QUEUED, 2, "gil-queued", RUNNING, "holds the GIL, runnable, without a CPU")              \
    X(GIL_BLOCKED, 3, "gil-blocked", RUNNING, "holds the GIL while asleep in the kernel")          \
    X(GIL_WAIT, 4, "gil-wait", GIL_WAIT, "wants the GIL and sleeps for it")                        \
    X(GIL_HANDOFF, 5, "gil-handoff", GIL_WAIT, "wants the GIL, runnable, without a CPU")           \
    X(NATIVE, 6, "native", RUNNING, "on a CPU without the GIL")                                    \
    X(IO_WAIT, 7, "io-wait", IO_WAIT, "asleep on a socket, pipe, file or poll")                    \
    X(LOCK_WAIT, 8, "lock-wait", IDLE, "asleep on a lock that is not the GIL")                     \
    X(SLEEP, 9, "sleep", IDLE, "asleep for a time")                                                \
    X(CPU_WAIT, 10, "cpu-wait", CPU_WAIT, "runnable without the GIL and without a CPU")            \
    X(STOPPED, 11, "stopped", STOPPED, "the process is stopped or frozen")                         \
    X(PYTHON_RUNNING, 12, "python-running", RUNNING, "runs Python without a GIL (free-threaded)")  \
    X(STW_WAIT, 13, "stw-wait", IDLE, "stopped by a stop-the-world pause (free-threaded)")         \
    X(OBJECT_WAIT, 14, "object-wait", IDLE, "waits for an object's lock (free-threaded)")

enum gw_state {
#define GW_STATE_ENUM(name, number, text, rollup, meaning) GW_STATE_##name = number,
    GW_STATE_LIST(GW_STATE_ENUM)
#undef GW_STATE_ENUM
        GW_N_STATES
};

/* What a function of a capture is. */
enum gw_function_kind {
    GW_FUNCTION_PYTHON = 0,
    GW_FUNCTION_C = 1,      /* called by Python code; it has neither file nor line */
    GW_FUNCTION_NATIVE = 2, /* of the native stack: symbol and object, no line */
};

/* "python", "c", "native" */
const char *gw_function_kind_name(unsigned kind);

/* Which kind of holder a slice of GIL wait is charged to. */
#define GW_BLAME_LIST(X)                                                                           \
    X(HELD, "held")                                                                                \
    X(HANDOFF, "handoff")                                                                          \
    X(UNKNOWN, "unknown")

enum gw_blame_kind {
#define GW_BLAME_ENUM(name, text) GW_BLAME_##name,
    GW_BLAME_LIST(GW_BLAME_ENUM)
#undef GW_BLAME_ENUM
        GW_N_BLAME_KINDS
};

/* Printed words; "unknown" for a number that is none. Valid for ever. */
const char *gw_state_name(unsigned state);
const char *gw_state_meaning(unsigned state);
enum gw_rollup gw_state_rollup(unsigned state);
const char *gw_rollup_name(enum gw_rollup rollup);
const char *gw_blame_name(enum gw_blame_kind kind);

/* gil-wait and gil-handoff: what the law of blame shares out among holders. */
static inline bool gw_state_wants_gil(unsigned state)
{
    return state == GW_STATE_GIL_WAIT || state == GW_STATE_GIL_HANDOFF;
}

/* gil-running, gil-queued and gil-blocked. */
static inline bool gw_state_holds_gil(unsigned state)
{
    return state == GW_STATE_GIL_RUNNING || state == GW_STATE_GIL_QUEUED ||
           state == GW_STATE_GIL_BLOCKED;
}

#endif
