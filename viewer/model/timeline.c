/* SPDX-License-Identifier: Apache-2.0 */
#include "model/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/limits.h"
#include "model/block.h"
#include "model/grow.h"

/* A span that may go on. */
struct gw_timeline_open {
    struct gw_timeline_span span;
    uint64_t lead_ns; /* of span.holder_stack over all others together */
    bool open;
};

static void keep_error(struct gw_timeline *timeline, int rc)
{
    if (rc < 0 && !timeline->error)
        timeline->error = rc;
}

static void write_span(struct gw_timeline *timeline, const struct gw_timeline_span *span)
{
    if (timeline->error)
        return;
    if (timeline->n == GW_MAX_SPANS) {
        timeline->error = -GW_E_LIMIT;
        return;
    }
    errno = 0;
    if (!timeline->file)
        timeline->file = tmpfile();
    if (!timeline->file || fwrite(span, sizeof *span, 1, timeline->file) != 1)
        keep_error(timeline, errno ? -errno : -EIO);
    timeline->n++;
}

static void close_span(struct gw_timeline *timeline, struct gw_timeline_open *open)
{
    if (open->open)
        write_span(timeline, &open->span);
    open->open = false;
}

static bool goes_on(const struct gw_timeline_open *open, const struct gw_timeline_span *span)
{
    const struct gw_timeline_span *now = &open->span;

    return open->open && now->end_ns == span->begin_ns && now->state == span->state &&
           now->stack == span->stack && now->gil == span->gil && now->kind == span->kind &&
           now->holder == span->holder;
}

/* Of many stacks the one that leads in the end is the only one that can have had more than half of
 * the time (Boyer and Moore's vote). */
static void vote(struct gw_timeline_open *open, uint32_t stack, uint64_t ns)
{
    if (open->span.holder_stack == stack) {
        open->lead_ns += ns;
    } else if (open->lead_ns < ns) {
        open->span.holder_stack = stack;
        open->lead_ns = ns - open->lead_ns;
    } else {
        open->lead_ns -= ns;
    }
}

static void add_span(struct gw_timeline *timeline, struct gw_timeline_open *open,
                     const struct gw_timeline_span *span)
{
    uint64_t ns = span->end_ns - span->begin_ns;

    if (ns == 0)
        return;
    if (goes_on(open, span)) {
        open->span.end_ns = span->end_ns;
        vote(open, span->holder_stack, ns);
        return;
    }
    close_span(timeline, open);
    *open = (struct gw_timeline_open){.span = *span, .lead_ns = ns, .open = true};
}

/* The ticks [begin, end) as spans, as far as they count: `at` is the weight before each tick. What
 * does not count lies before the rest of its tick, and ends a span. */
static void add_ticks(struct gw_timeline *timeline, struct gw_timeline_open *open,
                      const struct gw_block *block, const uint64_t *at, uint32_t begin,
                      uint32_t end, struct gw_timeline_span *span)
{
    const uint64_t *from = block->from_ns;

    while (begin < end) {
        uint32_t next = begin + 1;
        if (at[end] - at[next] == from[end] - from[next])
            next = end;
        while (next < end && at[next + 1] - at[next] == from[next + 1] - from[next])
            next++;
        span->begin_ns = from[begin + 1] - (at[begin + 1] - at[begin]);
        span->end_ns = from[next];
        add_span(timeline, open, span);
        begin = next;
    }
}

/* The hold that a tick is in: those of a GIL have no holes. */
static const struct gw_hold *hold_at(const struct gw_block *block, const struct gw_holding *holding,
                                     uint32_t tick)
{
    const struct gw_hold *holds = &block->holds[holding->first_hold];
    uint32_t low = 0, n = holding->n_holds;

    while (n > 0) {
        uint32_t half = n / 2;
        if (holds[low + half].end <= tick) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return &holds[low];
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Who held a GIL at a tick, and where. Returns the tick, at most `end`, up to which that is so. */
static uint32_t find_holder(const struct gw_block *block, const struct gw_holding *holding,
                            uint32_t tick, uint32_t end, struct gw_timeline_span *span)
{
    const struct gw_hold *hold = hold_at(block, holding, tick);
    const struct gw_track *track =
        hold->kind == GW_BLAME_HELD ? gw_block_track(block, hold->thread) : NULL;
    const struct gw_run *runs = track ? &block->runs[track->first_run] : NULL;
    uint32_t n = track ? track->n_runs : 0;
    uint32_t at = gw_block_find_run(runs, n, tick);

    span->kind = (uint8_t)hold->kind;
    span->holder = hold->thread;
    span->holder_stack = 0;
    span->holder_seen = at < n && runs[at].begin <= tick;
    end = lesser(end, hold->end);
    if (!span->holder_seen)
        return at < n ? lesser(end, runs[at].begin) : end;
    span->holder_stack = runs[at].stack;
    return lesser(end, runs[at].end);
}

/* As the law of blame has it: a thread that waits cannot be the holder. */
static void add_wait(struct gw_timeline *timeline, const struct gw_block *block,
                     const struct gw_run *run, struct gw_timeline_span *span)
{
    const struct gw_holding *holding = gw_block_holding(block, run->gil);
    uint32_t next;

    for (uint32_t tick = run->begin; tick < run->end; tick = next) {
        next = find_holder(block, holding, tick, run->end, span);
        if (span->holder == span->thread) {
            span->kind = GW_BLAME_UNKNOWN;
            span->holder = GW_NO_THREAD;
            span->holder_stack = 0;
            span->holder_seen = false;
        }
        add_ticks(timeline, &timeline->threads[span->thread], block, block->weight_at, tick, next,
                  span);
    }
}

static void add_track(struct gw_timeline *timeline, const struct gw_block *block,
                      const struct gw_track *track)
{
    for (uint32_t i = 0; i < track->n_runs; i++) {
        const struct gw_run *run = &block->runs[track->first_run + i];
        struct gw_timeline_span span = {.thread = track->thread,
                                        .stack = run->stack,
                                        .gil = run->gil,
                                        .holder = GW_NO_THREAD,
                                        .state = (uint8_t)run->state};
        if (gw_state_wants_gil(run->state))
            add_wait(timeline, block, run, &span);
        else
            add_ticks(timeline, &timeline->threads[track->thread], block, block->weight_at,
                      run->begin, run->end, &span);
    }
}

/* Time in which the process was stopped counts for no GIL. */
static void add_holding(struct gw_timeline *timeline, const struct gw_block *block,
                        const struct gw_holding *holding)
{
    struct gw_timeline_span span = {.thread = GW_NO_THREAD, .gil = holding->gil};
    uint32_t next;

    for (uint32_t tick = 0; tick < block->n_ticks; tick = next) {
        next = find_holder(block, holding, tick, block->n_ticks, &span);
        add_ticks(timeline, &timeline->gils[holding->gil], block, block->live_at, tick, next,
                  &span);
    }
}

void gw_timeline_block(struct gw_timeline *timeline, const struct gw_tables *tables,
                       const struct gw_block *block)
{
    keep_error(timeline, GW_GROW(timeline, threads, tables->threads.n));
    keep_error(timeline, GW_GROW(timeline, gils, tables->gils.n));
    for (uint32_t i = 0; i < block->n_tracks && !timeline->error; i++)
        add_track(timeline, block, &block->tracks[i]);
    for (uint32_t i = 0; i < block->n_holdings && !timeline->error; i++)
        add_holding(timeline, block, &block->holdings[i]);
}

static void map_spans(struct gw_timeline *timeline)
{
    errno = 0;
    if (fflush(timeline->file) != 0) {
        keep_error(timeline, errno ? -errno : -EIO);
        return;
    }
    void *spans = mmap(NULL, timeline->n * sizeof *timeline->spans, PROT_READ, MAP_PRIVATE,
                       fileno(timeline->file), 0);
    if (spans == MAP_FAILED)
        keep_error(timeline, -errno);
    else
        timeline->spans = spans;
}

int gw_timeline_finish(struct gw_timeline *timeline)
{
    for (size_t i = 0; i < timeline->cap_threads; i++)
        close_span(timeline, &timeline->threads[i]);
    for (size_t i = 0; i < timeline->cap_gils; i++)
        close_span(timeline, &timeline->gils[i]);
    if (timeline->n > 0 && !timeline->error)
        map_spans(timeline);
    return timeline->error;
}

/* The spans are read-only to everyone else, hence the cast. */
void gw_timeline_fini(struct gw_timeline *timeline)
{
    if (timeline->spans)
        munmap((void *)(uintptr_t)timeline->spans, timeline->n * sizeof *timeline->spans);
    if (timeline->file)
        fclose(timeline->file);
    free(timeline->threads);
    free(timeline->gils);
    *timeline = (struct gw_timeline){0};
}
