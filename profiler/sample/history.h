/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last second of one process: who was in which state at which tick, kept until it is certain.
 *
 * A runnable thread's tick is in doubt until its schedstat line changes: was it on a CPU or queued
 * for one? (Only of the thread whose CPU we took is that known at once: displaced.h.) The line
 * changes when a thread gets a CPU (its slices and run-queue time grow) and when it loses it (its
 * CPU time grows; now and then before). So all ticks in doubt were spent the same way, and how the
 * line grew tells which:
 * - no new slice: it was on its CPU all along;
 * - a new slice without CPU time before it: it was queued;
 * - a line that had just got a slice and no CPU time yet: it is on that CPU;
 * - on the CPU that we run on ourselves, no more run-queue time than we took: it was on that CPU
 *   until we came;
 * - more run-queue time than since the last of the ticks: it was queued; more CPU time than that:
 * it was not;
 * - less run-queue time than between the ticks: it was on its CPU, and its time in the queue began
 *   and ended after the last one; less CPU time than that: it was queued.
 * Where none of this decides, a thread that may want the GIL was queued for it. The rest is drawn
 * by lot, with the odds of the CPU and run-queue time (less what we took) and, of a thread without
 * the GIL, of the parts of both that it mostly spends without wanting it either: so stretches
 * shorter than a period are counted as often as they deserve. What stays in doubt for GW_DOUBT_NS
 * never got a CPU.
 *
 * Memory is fixed: entries come from a pool; when it runs low the session settles and writes early.
 */
#ifndef GW_SAMPLE_HISTORY_H
#define GW_SAMPLE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sample/classify.h"

/* A thread from this tick until its next entry. */
struct gw_entry {
    uint64_t tick;  /* number of the tick, counted from the session's first */
    uint32_t stack; /* stack id; of a GIL's entries: holder as in capture.proto */
    uint8_t on_cpu; /* enum gw_state; see gw_judgement */
    uint8_t queued;
    uint8_t gil;   /* index of the session's GILs */
    uint8_t flags; /* of enum gw_entry_flag */
};

enum gw_entry_flag {
    GW_ENTRY_DOUBT = 1 << 0,
    GW_ENTRY_SOFT = 1 << 1,
    GW_ENTRY_QUEUED = 1 << 2, /* settled: it had no CPU */
    /* Of a doubt: */
    GW_ENTRY_ON = 1 << 3,   /* it was on its CPU, by what was known then */
    GW_ENTRY_OFF = 1 << 4,  /* it was not */
    GW_ENTRY_OURS = 1 << 5, /* it was, until we took that very CPU, or had been queued for it */
    GW_ENTRY_ASK = 1 << 6,  /* what a stop tells goes for it */
};

/* How a schedstat line grew, and what is needed to read it. */
struct gw_growth {
    uint64_t ran_ns, queued_ns;
    uint64_t slices;
    uint64_t ours_ns; /* for that long we may have pushed it off its CPU */
    uint64_t unread;  /* ticks just before the present one at which the line was not read */
    double lot;       /* random in [0, 1) */
};

struct gw_entry_block;

/* The entries of one thread or one GIL, oldest first. Zeroed is empty. */
struct gw_track {
    struct gw_entry_block *first, *last;
    uint64_t settled; /* entries of earlier ticks are beyond doubt */
    bool ran_native;  /* the present run was seen on a CPU without the GIL */
    /* CPU and run-queue time of late, by the line, and how much of each its ticks with the GIL
     * stand for. */
    uint64_t ran_ns, queued_ns, held_ran_ns, held_queued_ns;
    uint64_t handoff_queued_ns; /* run-queue time that its ticks on the way to the GIL stand for */
    int64_t left_queued_ns; /* run-queue time by the line, less what ticks in the queue stand for */
};

struct gw_tick {
    uint64_t at_ns;  /* CLOCK_MONOTONIC */
    uint64_t dt_ns;  /* since the tick before */
    uint64_t gap_ns; /* part of dt that no sample may weigh */
};

struct gw_history;

/* Room for n_ticks ticks. NULL when there is no memory. */
struct gw_history *gw_history_new(size_t n_ticks);
void gw_history_free(struct gw_history *history);

/* Start the next tick; returns its number. There must be room: see gw_history_is_full. */
uint64_t gw_history_add_tick(struct gw_history *history, struct gw_tick tick);

/* Less than a tenth of the ticks or of the pool is left: write now. */
bool gw_history_is_full(const struct gw_history *history);

/* First tick kept, and one past the last. */
uint64_t gw_history_begin(const struct gw_history *history);
uint64_t gw_history_end(const struct gw_history *history);
const struct gw_tick *gw_history_tick(const struct gw_history *history, uint64_t tick);

/* Add an entry at the present tick; an entry that says the same as the one before, without doubt
 * in either, is left out. When the pool is used up the entry is dropped and false returned. */
bool gw_track_add(struct gw_history *history, struct gw_track *track, struct gw_entry entry);

/* The newest entry, NULL if there is none. */
struct gw_entry *gw_track_newest(struct gw_track *track);

/* The thread's schedstat line changed between the last tick and the present one (which has no entry
 * yet). Settles everything before. */
void gw_track_settle(struct gw_history *history, struct gw_track *track,
                     const struct gw_growth *growth);

/* The thread ended before the present tick, and its line with it. `life`: how that had grown in
 * all. It may have been queued and got a CPU just for its end. */
void gw_track_settle_ended(struct gw_history *history, struct gw_track *track,
                           const struct gw_growth *life);

/* What the thread's holds come to, on a CPU or queued for one, in parts of its CPU time: 0 if
 * nothing is known; above 1 if it often lost its CPU with the GIL. */
double gw_track_hold_part(const struct gw_track *track);

/* What a stop told goes for what is in doubt of the thread, with GW_ENTRY_ASK, up to the instant of
 * the stop and since the thread had the GIL; the doubt about its CPU stays. */
void gw_track_tell(const struct gw_history *history, struct gw_track *track, enum gw_told told,
                   uint64_t at_ns);

/* Settle what has been in doubt since `before` or earlier as "queued": its line never changed. */
void gw_track_give_up(struct gw_history *history, struct gw_track *track, uint64_t before);

/* First tick still in doubt, or UINT64_MAX. */
uint64_t gw_track_first_doubt(const struct gw_track *track);

/* The entry in force at a tick; NULL if the track begins later. */
const struct gw_entry *gw_track_at(const struct gw_track *track, uint64_t tick);

/* The state an entry stands for now. */
static inline enum gw_state gw_entry_state(const struct gw_entry *entry)
{
    return entry->flags & GW_ENTRY_QUEUED ? entry->queued : entry->on_cpu;
}

/* Walk the entries from the oldest: set `at` to zero before; NULL at the end. */
struct gw_track_cursor {
    const struct gw_entry_block *block;
    uint32_t i;
    bool started;
};
const struct gw_entry *gw_track_next(const struct gw_track *track, struct gw_track_cursor *cursor);

/* Forget what lies before tick `begin`, but for the entry in force there. */
void gw_track_trim(struct gw_history *history, struct gw_track *track, uint64_t begin);
void gw_track_clear(struct gw_history *history, struct gw_track *track);
/* Likewise the ticks; call it after the tracks were trimmed. */
void gw_history_trim(struct gw_history *history, uint64_t begin);

#endif
