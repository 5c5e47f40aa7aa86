/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each thread did and who held each GIL, one after the other: for formats that show time. It
 * is taken down while a model is read. Ticks in a row that say the same are one span. Time in which
 * nobody looked is in none, so the spans of a thread sum to the states of struct gw_model_thread,
 * those of a GIL to the times of struct gw_model_gil, and waits by their holders to the blame.
 *
 * Spans lie in a temporary file without a name, not in memory: there are as many as the recording
 * is long. Only those that still go on are in memory, one for each thread and GIL.
 */
#ifndef GW_MODEL_TIMELINE_H
#define GW_MODEL_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct gw_block;
struct gw_tables;

struct gw_timeline_span {
    uint64_t begin_ns, end_ns;
    uint32_t thread; /* row of threads; GW_NO_THREAD: it is about the GIL */
    uint32_t stack;  /* of the thread */
    uint32_t gil;    /* row of gils: of a GIL, and of a thread in a gil-* state */
    /* Of a GIL, and of a thread that waits for it; a wait is cut where the holder changes. */
    uint32_t holder;       /* row of threads; GW_NO_THREAD unless kind is GW_BLAME_HELD */
    uint32_t holder_stack; /* one that the holder was in for most of it, if there is such a one */
    uint8_t kind;          /* enum gw_blame_kind */
    uint8_t state;         /* of the thread */
    bool holder_seen;      /* when the span began, there was a span of the holder too */
};

struct gw_timeline_open;

/* Zero-initialised is the start; give it to fini. */
struct gw_timeline {
    const struct gw_timeline_span *spans; /* from finish on: a thread's, or a GIL's, in order */
    size_t n;
    FILE *file;
    struct gw_timeline_open *threads, *gils; /* what goes on, by row */
    size_t cap_threads, cap_gils;
    int error; /* the first one */
};

/* Take a parsed block down. Errors are kept for finish. */
void gw_timeline_block(struct gw_timeline *timeline, const struct gw_tables *tables,
                       const struct gw_block *block);

/* No more blocks. Returns 0, -ENOMEM, -GW_E_LIMIT (more than GW_MAX_SPANS), or the error of the
 * temporary file. */
int gw_timeline_finish(struct gw_timeline *timeline);

void gw_timeline_fini(struct gw_timeline *timeline);

#endif
