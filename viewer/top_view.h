/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `top` shows, as plain data: made once per refresh from the windows of a live capture, and
 * owning all its text, so that it can be sorted, filtered and kept while the capture goes on.
 */
#ifndef GW_TOP_VIEW_H
#define GW_TOP_VIEW_H

#include "model/live.h"

/* What the bar of a thread is made of: name, its character, what the legend says. Time in which
 * the process was stopped is in none of them. */
#define GW_TOP_CLASS_LIST(X)                                                                       \
    X(HAS_GIL, 'H', "has GIL")                                                                     \
    X(WANTS_GIL, 'G', "wants GIL")                                                                 \
    X(NATIVE, 'N', "native")                                                                       \
    X(CPU_WAIT, 'C', "wants CPU")                                                                  \
    X(IO, 'I', "I/O")                                                                              \
    X(IDLE, '-', "idle")                                                                           \
    X(UNKNOWN, '?', "unknown")

enum gw_top_class {
#define GW_TOP_CLASS_ENUM(name, letter, text) GW_TOP_##name,
    GW_TOP_CLASS_LIST(GW_TOP_CLASS_ENUM)
#undef GW_TOP_CLASS_ENUM
        GW_TOP_N_CLASSES
};

enum gw_top_table_id {
    GW_TOP_THREADS,
    GW_TOP_FUNCTIONS,
    GW_TOP_PAIRS,
    GW_TOP_N_TABLES,
};

#define GW_TOP_MAX_TEXTS 3u
#define GW_TOP_MAX_SHARES 2u

/*
 * One row; texts are safe for a terminal, shares are 0 to 1.
 *   threads:   texts name, where it is now; shares GIL wait in the last interval, in the window
 *   functions: texts place; shares of all GIL wait: caused in it, with callees
 *   pairs:     texts waiter, holder, its function; share of all GIL wait
 */
struct gw_top_row {
    char *texts[GW_TOP_MAX_TEXTS];
    double shares[GW_TOP_MAX_SHARES];
    uint64_t class_ns[GW_TOP_N_CLASSES]; /* of threads */
};

struct gw_top_table {
    struct gw_top_row *rows; /* heaviest first */
    size_t n;
    size_t n_left_out; /* beyond GW_MAX_TOP_ROWS */
};

struct gw_top_view {
    char *target;     /* "pid 4711  python3  Python 3.12.1" */
    double window_s;  /* what the figures are of; 0: nothing was seen yet */
    bool gil_known;   /* the next three mean something */
    double busy;      /* share of the time in which the GIL was held */
    double waiters;   /* threads that wait for it, on average */
    double switches;  /* of the GIL, per second */
    double own_cpu;   /* of the recorder, as a share of one CPU */
    double rate_hz;   /* ticks per second that were made */
    double asked_hz;  /* ... and asked for */
    uint64_t wait_ns; /* of all threads: what the shares of functions and pairs are of */
    struct gw_top_table tables[GW_TOP_N_TABLES];
};

/* The character of a class in a bar, and its words. */
char gw_top_class_letter(enum gw_top_class class);
const char *gw_top_class_text(enum gw_top_class class);

/* The class of a state; GW_TOP_N_CLASSES for `stopped`. */
enum gw_top_class gw_top_class_of(unsigned state);

/* The last window_ns, with the threads' wait in the last interval_ns beside it. Returns 0 and the
 * view (free it with gw_top_view_free), or what gw_live_window returns. */
int gw_top_view_new(struct gw_live *live, uint64_t interval_ns, uint64_t window_ns,
                    struct gw_top_view **out);

/* NULL is fine. */
void gw_top_view_free(struct gw_top_view *view);

#endif
