/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture, read once and summed up: who waited for the GIL, how long, in which code, and because
 * of which code of which other thread. Everything the viewers show comes from here.
 *
 * Ticks are summed while they are read, so memory grows with the number of distinct threads,
 * stacks and pairs and not with the length of the recording. Ids of the capture are replaced by
 * row numbers of the arrays below, which are the same thing for the whole capture even where the
 * capture gives ids anew. All times are in nanoseconds.
 */
#ifndef GW_MODEL_MODEL_H
#define GW_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/strtab.h"
#include "format/vocabulary.h"
#include "model/episode.h"

struct gw_timeline;

/* "No thread": the holder of a pair whose kind is not GW_BLAME_HELD. */
#define GW_NO_THREAD UINT32_MAX

/* Frames of the deepest stack that a reader takes: what a recorder keeps and its marks of a cut. */
#define GW_MODEL_MAX_DEPTH (2u * GW_MAX_FRAMES)

/* A row of `functions`; row 0 is "no function". */
struct gw_model_function {
    uint32_t name; /* row of strings: the qualified name from CPython 3.11 on */
    uint32_t file; /* row of strings: the full path */
    uint32_t first_line;
    uint32_t kind; /* enum gw_function_kind */
};

/* A row of `stacks`: the leaf frame and, as `parent`, the stack of its caller. Frames of the native
 * stack are only in those of `natives`. Row 0 is "no Python
 * frame" and ends every walk; a parent is always a smaller row. */
struct gw_model_stack {
    uint32_t parent;
    uint32_t function; /* row of functions */
    uint32_t line;     /* 0: not known */
    uint32_t depth;    /* frames up to the root, at most GW_MODEL_MAX_DEPTH; 0 in row 0 */
};

struct gw_model_process {
    uint64_t first_seen_ns;
    uint32_t pid;    /* in the profiler's pid namespace */
    uint32_t ns_pid; /* in its own, 0 if the same */
    uint32_t parent_pid;
    uint32_t exe;        /* row of strings */
    uint32_t python;     /* row of strings: "3.12.1" */
    uint32_t python_hex; /* 0: not known to the patch release */
    uint32_t reason;     /* row of strings: why it was skipped */
    bool skipped;        /* seen, but not sampled */
    bool free_threaded;
    uint64_t ended_ns; /* 0: not seen to end */
    uint64_t ticks;
    uint64_t live_ns; /* weight of its ticks while it was not stopped or frozen */
};

struct gw_model_thread {
    uint64_t first_seen_ns;
    uint32_t process; /* row of processes */
    uint32_t tid;     /* in the profiler's pid namespace */
    uint32_t ns_tid;  /* in its own, 0 if the same */
    uint32_t name;    /* row of strings, may be "" */
    bool main;
    bool hidden;           /* not asked for: in all sums, but not to be shown */
    bool exact;            /* cpu_ns and run_queue_ns are known */
    uint64_t cpu_ns;       /* exact: from the kernel's scheduler, not from samples */
    uint64_t run_queue_ns; /* exact, likewise: runnable without a CPU */
    uint64_t state_ns[GW_N_STATES];
    uint64_t wall_ns;              /* observed: all states but `stopped` */
    uint64_t wait_ns;              /* gil-wait + gil-handoff */
    uint64_t ticks;                /* samples of it, without those in which it was stopped */
    double wait_variance;          /* of wait_ns, in ns^2: see model/estimate.h */
    double wait_doubt_ns;          /* likewise, what is not by chance */
    uint64_t n_waits;              /* single waits seen: see model/episode.h, as for ... */
    struct gw_hold_ends hold_ends; /* ... how its holds of a GIL ended */
};

struct gw_model_gil {
    int64_t interpreter; /* interpreter id, the main one is 0 */
    uint32_t process;    /* row of processes */
    uint64_t held_ns;    /* a known thread held it */
    uint64_t free_ns;    /* nobody held it */
    uint64_t unknown_ns; /* the holder could not be told */
    uint64_t wait_ns;    /* what all threads together waited for it */
    uint64_t switches;   /* exact: changes of holder */
    uint64_t switch_interval_us;
};

/* What one thread did in one place: the time without Python code in it is stack 0. */
struct gw_model_slice {
    uint32_t thread;
    uint32_t stack;
    uint32_t gil; /* row of gils that gil-* states speak of; 0 for the other states */
    uint32_t state;
    uint64_t ns;
    uint64_t ticks;
};

/*
 * What was seen of a thread in C: `stack` ends in functions of kind GW_FUNCTION_NATIVE, which stand in
 * no other table. Either while it slept in one state (`ns`, which other tables have too), or when
 * the recorder stopped it for an instant (`stops`, beside the ticks; GW_STATE_GIL_RUNNING: it held a
 * GIL, else GW_STATE_NATIVE).
 */
struct gw_model_native {
    uint32_t thread;
    uint32_t stack;
    uint32_t state;
    uint32_t stops;
    uint64_t ns;
};

/*
 * One share of GIL wait: `waiter` waited in `waiter_stack` while `holder` held the GIL in
 * `holder_stack`. The law of blame: the pairs of a waiter sum exactly to its wait_ns.
 */
struct gw_model_pair {
    uint32_t waiter; /* row of threads */
    uint32_t waiter_stack;
    uint32_t holder; /* row of threads; GW_NO_THREAD unless kind is GW_BLAME_HELD */
    uint32_t holder_stack;
    uint32_t gil;
    uint8_t waiter_state; /* gil-wait or gil-handoff */
    uint8_t holder_state; /* GW_STATE_UNKNOWN without a holder */
    uint8_t kind;         /* enum gw_blame_kind */
    uint64_t ns;
};

struct gw_model_quality {
    uint64_t ticks; /* of all processes */
    uint64_t late;
    uint64_t torn;
    uint64_t dropped;
    uint64_t displacing; /* of the ticks: those that took a CPU from a thread of the target */
    uint64_t stops;      /* of threads of the target, by the recorder (--stop) */
    uint64_t stopped_ns; /* for so long in all */
    uint64_t gap_ns;     /* time nobody was looking: left out of all weights */
    uint64_t own_cpu_ns; /* CPU time of the profiler */
    uint64_t max_rss_bytes;
    uint64_t grain_ns; /* 0: all pairs are exact; else those lighter than this are drawn by lot */
    double rate_hz;    /* rate in force at the end */
};

/* The recording that the model is of, where it holds a part of it only: model/selection.h. */
struct gw_model_part {
    bool given;       /* else the model is of all of it */
    bool blocks_cut;  /* it begins or ends within a block: exact counts of the block (switches,
                         quality) are shared out by ticks, and exact times may not be known */
    uint64_t from_ns; /* first instant looked at in all of the recording: start_ns, if it is all */
    uint64_t to_ns;   /* last one: end_ns, if it is all */
};

/* Why a recording ended: numbers of capture.proto, printed words. */
#define GW_END_LIST(X)                                                                             \
    X(UNKNOWN, 0, "unknown")                                                                       \
    X(DURATION, 1, "duration")                                                                     \
    X(SIGNAL, 2, "signal")                                                                         \
    X(TARGET_ENDED, 3, "target-ended")                                                             \
    X(OUTPUT, 4, "output")

enum gw_end_reason {
#define GW_END_ENUM(name, number, text) GW_END_##name = number,
    GW_END_LIST(GW_END_ENUM)
#undef GW_END_ENUM
        GW_N_END_REASONS
};

/* How the reading ended. */
struct gw_model_end {
    bool seen; /* the END chunk is there: the recording was closed properly */
    enum gw_end_reason reason;
    int error;           /* 0, or the negative code that stopped the reading */
    uint64_t good_bytes; /* the capture was readable up to here */
};

/* The whole model. Rows of functions, stacks, threads, ... that carry an identity are distinct.
 * Read-only for everyone but viewer/model. */
struct gw_model {
    const struct gw_strtab *strings; /* valid UTF-8; may hold control characters. Row 0 is "" */
    const struct gw_model_function *functions;
    const struct gw_model_stack *stacks;
    const struct gw_model_process *processes;
    const struct gw_model_thread *threads;
    const struct gw_model_gil *gils;
    const struct gw_model_slice *slices;
    const struct gw_model_native *natives;
    const struct gw_model_pair *pairs;
    size_t n_functions, n_stacks, n_processes, n_threads, n_gils, n_slices, n_natives, n_pairs;

    uint32_t writer; /* row of strings: "gilwait 0.1.0" */
    uint32_t kernel; /* row of strings */
    uint32_t cpus;
    uint64_t realtime_ns;  /* the wall clock ... */
    uint64_t monotonic_ns; /* ... when the clock of all other times showed this */
    double rate_hz;        /* asked for */
    double max_cpu;
    uint64_t start_ns; /* first instant looked at */
    uint64_t end_ns;   /* last one */

    uint64_t tick_ns; /* what a tick stands for, on average: how far single episodes resolve */
    struct gw_episodes waits; /* of all threads that are not hidden, for all GILs */
    struct gw_episodes holds;

    struct gw_model_quality quality;
    struct gw_model_part part;
    uint32_t shown; /* row of strings: what threads were asked for, as "worker-*, hog"; "": all */
    struct gw_model_end end; /* of the whole recording, as far as it could be read */
};

/* Read a capture from fd (taken over, whether this succeeds or fails) until its end, or until the
 * first thing in it that is not right: what was read before that is a good model, and model->end
 * says where and why it stopped. `path` is used in *diag only. Returns 0 and the model in *out
 * (free it with gw_model_free); -GW_E_NOT_CAPTURE, -GW_E_TRUNCATED (nothing in it at all),
 * -GW_E_FORMAT_VERSION, -GW_E_CODEC, -ENOMEM or the error of read(2), with *diag filled. */
int gw_model_read(int fd, const char *path, struct gw_model **out, struct gw_diag *diag);

/* As gw_model_read, for a path; "-" is standard input. Also the error of open(2). */
int gw_model_open(const char *path, struct gw_model **out, struct gw_diag *diag);

/* NULL is fine. */
void gw_model_free(struct gw_model *model);

/* The law of blame and the other sums that hold by construction: per thread, pairs sum to
 * wait_ns, slices to state_ns, states without `stopped` to wall_ns; per GIL, pairs sum to its
 * wait_ns; every row number is in range. Returns 0, or -GW_E_BAD_DATA with *diag filled. */
int gw_model_check(const struct gw_model *model, struct gw_diag *diag);

/* Missing END or stopped before it: `--strict` refuses it, everyone else warns. */
static inline bool gw_model_incomplete(const struct gw_model *model)
{
    return !model->end.seen;
}

/* The printed word for why the recording ended. */
const char *gw_model_end_reason(const struct gw_model *model);

static inline const char *gw_model_text(const struct gw_model *model, uint32_t string)
{
    return gw_strtab_text(model->strings, string);
}

/* The C function that the innermost Python frame of a stack has called: a row of functions, or 0.
 */
static inline uint32_t gw_model_c_function(const struct gw_model *model, uint32_t stack)
{
    uint32_t function = model->stacks[stack].function;
    return model->functions[function].kind == GW_FUNCTION_C ? function : 0;
}

/* The innermost Python frame of a stack. */
static inline const struct gw_model_stack *gw_model_leaf(const struct gw_model *model,
                                                         uint32_t stack)
{
    const struct gw_model_stack *leaf = &model->stacks[stack];
    return gw_model_c_function(model, stack) ? &model->stacks[leaf->parent] : leaf;
}

/* The process that the recording is about: the first one that was sampled, else the first one seen.
 * NULL if there is none. */
static inline const struct gw_model_process *gw_model_target(const struct gw_model *model)
{
    for (size_t i = 0; i < model->n_processes; i++)
        if (model->processes[i].ticks > 0)
            return &model->processes[i];
    return model->n_processes ? &model->processes[0] : NULL;
}

/* What is waited for the GIL, by all threads together. */
static inline uint64_t gw_model_total_wait_ns(const struct gw_model *model)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < model->n_threads; i++)
        sum += model->threads[i].wait_ns;
    return sum;
}

/* Whether some threads only are to be shown. */
static inline bool gw_model_filtered(const struct gw_model *model)
{
    return *gw_model_text(model, model->shown) != '\0';
}

/* A pair has two sides; it is to be shown if one of them is. */
static inline bool gw_model_waiter_shown(const struct gw_model *model,
                                         const struct gw_model_pair *pair)
{
    return !model->threads[pair->waiter].hidden;
}

/* Where no thread holds the GIL, this side is shown only as long as all threads are. */
static inline bool gw_model_holder_shown(const struct gw_model *model,
                                         const struct gw_model_pair *pair)
{
    return pair->kind == GW_BLAME_HELD ? !model->threads[pair->holder].hidden
                                       : !gw_model_filtered(model);
}

static inline bool gw_model_pair_shown(const struct gw_model *model,
                                       const struct gw_model_pair *pair)
{
    return gw_model_waiter_shown(model, pair) || gw_model_holder_shown(model, pair);
}

/* How the holds of the threads that are shown ended. */
static inline struct gw_hold_ends gw_model_hold_ends(const struct gw_model *model)
{
    struct gw_hold_ends sum = {0};
    for (size_t i = 0; i < model->n_threads; i++)
        for (unsigned end = 0; end < GW_N_HOLD_ENDS && !model->threads[i].hidden; end++) {
            sum.n[end] += model->threads[i].hold_ends.n[end];
            sum.ns[end] += model->threads[i].hold_ends.ns[end];
        }
    return sum;
}

#endif
