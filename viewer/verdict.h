/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on a recording, as plain data: is the GIL the problem, and if not, what is; the
 * numbers that stand behind it; and what a change could gain. verdict_words.h puts it into words.
 *
 * Whether it is the GIL is what losses.h finds. A finding is made from shares of time, never from a
 * guess at what the program is for: a server without requests looks like one that waits for a slow
 * database, and the words say so.
 */
#ifndef GW_VERDICT_H
#define GW_VERDICT_H

#include "bound.h"
#include "latency.h"
#include "losses.h"
#include "model/model.h"

/* name, printed */
#define GW_FINDING_LIST(X)                                                                         \
    X(NOTHING, "nothing-sampled")       /* no thread was observed */                               \
    X(NO_GIL, "no-gil")                 /* none is at work */                                      \
    X(BLOCKED_HOLDER, "blocked-holder") /* the GIL: a thread sleeps with it */                     \
    X(STARVED, "starved")               /* too little CPU, whether or not the GIL is waited for */ \
    X(UNTOLD, "holder-unknown")         /* the GIL: who holds it could not be told */              \
    X(IN_TURN, "in-turn")               /* the GIL: those who wait are those who hold it */        \
    X(CONVOY, "convoy")                 /* the GIL: one that computes delays those that do I/O */  \
    X(CULPRIT, "culprit")               /* the GIL: one thread (or few) has it */                  \
    X(ALL_CPUS, "all-cpus")             /* every CPU is busy with this program */                  \
    X(HOT_THREAD, "hot-thread")         /* one thread keeps one CPU busy, no other wants to run */ \
    X(IDLE, "idle")                     /* nothing to do */                                        \
    X(LOCK, "lock")                     /* a lock that is not the GIL */                           \
    X(IO, "io")                         /* I/O */                                                  \
    X(INNOCENT, "innocent")             /* not the GIL, and nothing else stands out */

enum gw_finding {
#define GW_FINDING_ENUM(name, text) GW_FINDING_##name,
    GW_FINDING_LIST(GW_FINDING_ENUM)
#undef GW_FINDING_ENUM
};

/* Times in ns, summed over threads unless said otherwise. */
struct gw_verdict {
    enum gw_finding finding;
    uint64_t window_ns; /* how long was looked */
    uint64_t wall_ns;   /* of all threads */
    uint64_t state_ns[GW_N_STATES];
    uint64_t workless_ns;  /* part of lock-wait: for work, not for a lock (idle_place.h) */
    uint64_t cpu_ns;       /* bound.h */
    uint64_t run_queue_ns; /* runnable without a CPU: exact where known, else from samples */
    uint32_t hot_thread;   /* the thread that wants a CPU most; GW_NO_THREAD */
    double hot_share;      /* for this share of its time */
    uint64_t behind_ns[GW_N_STATES]; /* wait of those who lose time, by the state of its holder */
    uint64_t handoff_ns;             /* the same, while nobody held it */
    struct gw_place place;     /* where: the sleep, the I/O, the lock, or what makes others wait */
    struct gw_latency latency; /* what single waits take, and a smaller interval would do */
    struct gw_bound bound;     /* what doing without the GIL could gain */
};

/* Valid for ever. */
const char *gw_finding_name(enum gw_finding finding);

/* Is it the GIL that the threads lose time to, and a change to who holds it that helps? */
bool gw_finding_is_gil(enum gw_finding finding);

/* Whether bound is to be told: where a thread sleeps with the GIL, CPUs are not the limit, and
 * where the process is short of CPUs, it has not got those of the machine. */
bool gw_verdict_has_bound(const struct gw_verdict *verdict);

/* Returns 0, or -ENOMEM. */
int gw_verdict_find(const struct gw_model *model, const struct gw_losses *losses,
                    struct gw_verdict *out) __attribute__((warn_unused_result));

#endif
