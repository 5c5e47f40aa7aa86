/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/history.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_ENTRIES 31u
/* Every thread keeps one block at least; untouched blocks cost no memory. */
#define N_BLOCKS 16384u
/* CPU and run-queue time that is remembered of a thread. */
#define REMEMBERED_NS 4000000000u
/* What ticks have counted too much or too little is made up for while it is no more than this. */
#define MAX_LEFT_NS 100000000
/* No thread is taken to be never on a CPU, or never queued for one, without the GIL. */
#define LEAST_PART 0.01

struct gw_entry_block {
    struct gw_entry_block *next, *prev;
    uint32_t begin, end; /* entries [begin, end) are in use */
    struct gw_entry entries[BLOCK_ENTRIES];
};

struct gw_history {
    struct gw_tick *ticks; /* a ring */
    size_t n_ticks;
    uint64_t begin, end;
    struct gw_entry_block *pool;
    struct gw_entry_block *free; /* given back; those from n_fresh on were never used */
    size_t n_fresh;
    size_t n_free; /* of both kinds */
};

struct gw_history *gw_history_new(size_t n_ticks)
{
    struct gw_history *history = calloc(1, sizeof *history);
    if (!history)
        return NULL;
    history->n_ticks = n_ticks;
    history->ticks = calloc(n_ticks, sizeof *history->ticks);
    history->pool = calloc(N_BLOCKS, sizeof *history->pool);
    if (!history->ticks || !history->pool) {
        gw_history_free(history);
        return NULL;
    }
    history->n_free = N_BLOCKS;
    return history;
}

void gw_history_free(struct gw_history *history)
{
    if (!history)
        return;
    free(history->ticks);
    free(history->pool);
    free(history);
}

uint64_t gw_history_add_tick(struct gw_history *history, struct gw_tick tick)
{
    history->ticks[history->end % history->n_ticks] = tick;
    return history->end++;
}

bool gw_history_is_full(const struct gw_history *history)
{
    return history->end - history->begin > history->n_ticks / 10 * 9 ||
           history->n_free < N_BLOCKS / 10;
}

uint64_t gw_history_begin(const struct gw_history *history)
{
    return history->begin;
}

uint64_t gw_history_end(const struct gw_history *history)
{
    return history->end;
}

const struct gw_tick *gw_history_tick(const struct gw_history *history, uint64_t tick)
{
    return &history->ticks[tick % history->n_ticks];
}

/* --- tracks ---------------------------------------------------------------------------------- */

static bool append_block(struct gw_history *history, struct gw_track *track)
{
    if (!history->n_free)
        return false;
    history->n_free--;
    struct gw_entry_block *block = history->free;
    if (block)
        history->free = block->next;
    else
        block = &history->pool[history->n_fresh++];
    block->begin = block->end = 0;
    block->next = NULL;
    block->prev = track->last;
    if (track->last)
        track->last->next = block;
    else
        track->first = block;
    track->last = block;
    return true;
}

static void drop_first_block(struct gw_history *history, struct gw_track *track)
{
    struct gw_entry_block *block = track->first;
    track->first = block->next;
    if (track->first)
        track->first->prev = NULL;
    else
        track->last = NULL;
    block->next = history->free;
    history->free = block;
    history->n_free++;
}

struct gw_entry *gw_track_newest(struct gw_track *track)
{
    return track->last ? &track->last->entries[track->last->end - 1] : NULL;
}

static bool says_the_same(const struct gw_entry *a, const struct gw_entry *b)
{
    return !((a->flags | b->flags) & GW_ENTRY_DOUBT) && gw_entry_state(a) == gw_entry_state(b) &&
           a->queued == b->queued && a->stack == b->stack && a->gil == b->gil;
}

/* Put an entry behind the newest. */
static bool push(struct gw_history *history, struct gw_track *track, struct gw_entry entry)
{
    if ((!track->last || track->last->end == BLOCK_ENTRIES) && !append_block(history, track))
        return false;
    track->last->entries[track->last->end++] = entry;
    return true;
}

/* What is beyond doubt at once counts like what is settled later. Asleep, or with the GIL: whatever
 * runs later is another run. */
static void note_added(const struct gw_history *history, struct gw_track *track,
                       const struct gw_entry *entry)
{
    bool settled = !(entry->flags & GW_ENTRY_DOUBT);
    if (settled || gw_state_holds_gil(entry->on_cpu))
        track->ran_native = settled && entry->on_cpu == GW_STATE_NATIVE;
    if (settled && entry->on_cpu == GW_STATE_GIL_RUNNING)
        track->held_ran_ns += gw_history_tick(history, entry->tick)->dt_ns;
}

bool gw_track_add(struct gw_history *history, struct gw_track *track, struct gw_entry entry)
{
    const struct gw_entry *newest = gw_track_newest(track);
    entry.tick = history->end - 1;
    note_added(history, track, &entry);
    if (newest && says_the_same(newest, &entry))
        return true;
    return push(history, track, entry);
}

/* Steps back through the entries. */
struct reverse {
    struct gw_entry_block *block;
    uint32_t i; /* one past the entry to be given next */
};

static struct gw_entry *step_back(struct reverse *at)
{
    while (at->block && at->i == at->block->begin) {
        at->block = at->block->prev;
        at->i = at->block ? at->block->end : 0;
    }
    return at->block ? &at->block->entries[--at->i] : NULL;
}

/* An entry in doubt was on a CPU after all. */
static void settle_on_cpu(struct gw_track *track, struct gw_entry *entry)
{
    entry->flags &= (uint8_t)~GW_ENTRY_DOUBT;
    if (entry->on_cpu == GW_STATE_NATIVE)
        track->ran_native = true;
}

static void settle_queued(const struct gw_track *track, struct gw_entry *entry)
{
    entry->flags = (uint8_t)((entry->flags & ~GW_ENTRY_DOUBT) | GW_ENTRY_QUEUED);
    if (track->ran_native && entry->flags & GW_ENTRY_SOFT)
        entry->queued = GW_STATE_CPU_WAIT;
}

/* First tick at or after an instant. */
static uint64_t tick_from(const struct gw_history *history, uint64_t at_ns)
{
    uint64_t tick = history->end - 1;
    while (tick > history->begin && gw_history_tick(history, tick - 1)->at_ns >= at_ns)
        tick--;
    return tick;
}

/* How much of the growth falls before the present run. It may have been queued more than once
 * since: what ticks in the queue have made up for already is left out, so that in the end they come
 * to the run-queue time of the line. */
static uint64_t queued_before(const struct gw_track *track, const struct gw_growth *growth)
{
    uint64_t left_ns = track->left_queued_ns > 0 ? (uint64_t)track->left_queued_ns : 0;
    return left_ns < growth->queued_ns ? left_ns : growth->queued_ns;
}

/* When the run of a thread began that slept when it was last looked at. If its line was read at the
 * last tick, it got its CPU since: at any time that leaves room for what it ran. Otherwise what it
 * ran was added up since, which is when it went to sleep again or, if it goes on, at any time. */
static uint64_t start_of_run(const struct gw_tick *now, const struct gw_growth *growth)
{
    uint64_t last_ns = now->at_ns - now->dt_ns;
    if (growth->unread) {
        uint64_t end_ns = last_ns + (uint64_t)(growth->lot * (double)now->dt_ns);
        return end_ns > growth->ran_ns ? end_ns - growth->ran_ns : 0;
    }
    uint64_t room_ns = now->dt_ns > growth->ran_ns ? now->dt_ns - growth->ran_ns : 0;
    return last_ns + (uint64_t)(growth->lot * (double)room_ns);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* What a thread does that woke from this and has a CPU. */
static enum gw_state woken(const struct gw_entry *entry)
{
    if (gw_state_holds_gil(entry->on_cpu))
        return GW_STATE_GIL_RUNNING;
    return entry->on_cpu == GW_STATE_GIL_WAIT ? GW_STATE_GIL_HANDOFF : GW_STATE_NATIVE;
}

/* A stretch of ticks was spent in the queue. */
static void note_queued(struct gw_track *track, const struct gw_entry *entry, uint64_t ns)
{
    track->left_queued_ns -= (int64_t)ns;
    if (entry->queued == GW_STATE_GIL_HANDOFF)
        track->handoff_queued_ns += ns;
}

/* The thread slept when it was last looked at. Ticks between its waking and its run were spent in
 * the queue, those behind it that were missed on its CPU; both become entries of their own. */
static void split_asleep(struct gw_history *history, struct gw_track *track,
                         const struct gw_growth *growth)
{
    uint64_t present = history->end - 1;
    const struct gw_entry *newest = gw_track_newest(track);
    if (!newest || newest->flags & (GW_ENTRY_DOUBT | GW_ENTRY_QUEUED))
        return;
    struct gw_entry entry = *newest;
    uint64_t start_ns = start_of_run(gw_history_tick(history, present), growth);
    uint64_t queued_ns = growth->slices ? queued_before(track, growth) : 0;
    uint64_t from = later(tick_from(history, start_ns > queued_ns ? start_ns - queued_ns : 0),
                          later(newest->tick, track->settled) + 1);
    uint64_t ran_from = later(from, later(tick_from(history, start_ns), present - growth->unread));
    if (queued_ns && from < ran_from && from < present) {
        entry.tick = from;
        entry.flags = GW_ENTRY_QUEUED;
        uint64_t end = ran_from < present ? ran_from : present;
        if (push(history, track, entry))
            note_queued(track, &entry,
                        gw_history_tick(history, end - 1)->at_ns -
                            gw_history_tick(history, from - 1)->at_ns);
    }
    if (ran_from < present) {
        entry.on_cpu = entry.queued = (uint8_t)woken(&entry);
        entry.tick = ran_from;
        entry.flags = 0;
        track->ran_native = push(history, track, entry) && entry.on_cpu == GW_STATE_NATIVE;
    }
}

/* The ticks in doubt that a change of the line settles. */
struct doubts {
    struct gw_entry_block *block; /* of the first entry that may be one */
    uint32_t i;
    bool any;
    uint8_t flags; /* of all of them */
    bool native;   /* the last one is of a thread without the GIL that need not want it */
    uint64_t first;
};

enum decision { WAS_ON_CPU, WAS_QUEUED, UNDECIDED };

static struct doubts find_doubts(const struct gw_track *track)
{
    struct reverse at = {.block = track->last, .i = track->last ? track->last->end : 0};
    struct doubts doubts = {0};
    for (struct gw_entry *entry; (entry = step_back(&at)) && entry->tick >= track->settled;) {
        doubts.block = at.block;
        doubts.i = at.i;
        if (!(entry->flags & GW_ENTRY_DOUBT))
            continue;
        if (!doubts.any)
            doubts.native = entry->on_cpu == GW_STATE_NATIVE;
        doubts.any = true;
        doubts.flags |= entry->flags;
        doubts.first = entry->tick;
    }
    return doubts;
}

static enum decision decide(const struct gw_history *history, const struct doubts *doubts,
                            const struct gw_growth *growth)
{
    const struct gw_tick *now = gw_history_tick(history, history->end - 1);
    uint64_t last_ns = now->at_ns - now->dt_ns;
    if (!growth->slices || !growth->queued_ns || doubts->flags & GW_ENTRY_ON)
        return WAS_ON_CPU;
    if (!growth->ran_ns || doubts->flags & GW_ENTRY_OFF)
        return WAS_QUEUED;
    if (doubts->flags & GW_ENTRY_OURS)
        return growth->queued_ns > growth->ours_ns ? UNDECIDED : WAS_ON_CPU;
    if (growth->queued_ns > now->dt_ns)
        return WAS_QUEUED;
    if (growth->ran_ns > now->dt_ns)
        return WAS_ON_CPU;
    uint64_t between_ns = last_ns - gw_history_tick(history, doubts->first)->at_ns;
    if (growth->queued_ns < between_ns)
        return WAS_ON_CPU;
    if (growth->ran_ns < between_ns)
        return WAS_QUEUED;
    return doubts->flags & GW_ENTRY_SOFT ? WAS_QUEUED : UNDECIDED;
}

static double part_without(uint64_t total_ns, uint64_t held_ns)
{
    double part = total_ns ? 1 - (double)held_ns / (double)total_ns : 1;
    return part > LEAST_PART ? part : LEAST_PART;
}

double gw_track_hold_part(const struct gw_track *track)
{
    uint64_t held_ns = track->held_ran_ns + track->held_queued_ns;
    return track->ran_ns ? (double)held_ns / (double)track->ran_ns : 0;
}

static enum decision draw(const struct gw_track *track, const struct doubts *doubts,
                          const struct gw_growth *growth)
{
    double on = (double)growth->ran_ns, off = (double)growth->queued_ns;
    if (doubts->flags & GW_ENTRY_OURS)
        off = growth->queued_ns > growth->ours_ns ? off - (double)growth->ours_ns : 0;
    if (doubts->native) {
        on *= part_without(track->ran_ns, track->held_ran_ns);
        off *= part_without(track->queued_ns, track->held_queued_ns + track->handoff_queued_ns);
    }
    return growth->lot * (on + off) < off ? WAS_QUEUED : WAS_ON_CPU;
}

static void remember(struct gw_track *track, const struct gw_growth *growth)
{
    track->left_queued_ns += (int64_t)growth->queued_ns;
    track->ran_ns += growth->ran_ns;
    track->queued_ns += growth->queued_ns;
    if (track->ran_ns + track->queued_ns > REMEMBERED_NS) { /* the past fades */
        track->ran_ns /= 2;
        track->queued_ns /= 2;
        track->held_ran_ns /= 2;
        track->held_queued_ns /= 2;
        track->handoff_queued_ns /= 2;
    }
}

static bool was_queued(const struct gw_history *history, const struct gw_track *track,
                       const struct doubts *doubts, const struct gw_growth *growth)
{
    enum decision decision = decide(history, doubts, growth);
    return (decision == UNDECIDED ? draw(track, doubts, growth) : decision) == WAS_QUEUED;
}

static void settle_doubts(const struct gw_history *history, struct gw_track *track,
                          const struct doubts *doubts, bool queued)
{
    /* Oldest first, as what was native ends the credit of the run's origin. */
    for (struct gw_entry_block *block = doubts->block; block; block = block->next) {
        for (uint32_t i = block == doubts->block ? doubts->i : block->begin; i < block->end; i++) {
            struct gw_entry *entry = &block->entries[i];
            if (!(entry->flags & GW_ENTRY_DOUBT))
                continue;
            uint64_t dt_ns = gw_history_tick(history, entry->tick)->dt_ns;
            if (queued) {
                settle_queued(track, entry);
                note_queued(track, entry, dt_ns);
            } else {
                settle_on_cpu(track, entry);
            }
            if (gw_state_holds_gil(entry->on_cpu))
                *(queued ? &track->held_queued_ns : &track->held_ran_ns) += dt_ns;
        }
    }
}

void gw_track_tell(const struct gw_history *history, struct gw_track *track, enum gw_told told,
                   uint64_t at_ns)
{
    struct reverse at = {.block = track->last, .i = track->last ? track->last->end : 0};
    if (told == GW_TOLD_NOTHING)
        return;
    for (struct gw_entry *entry; (entry = step_back(&at)) && entry->tick >= track->settled;) {
        if (gw_state_holds_gil(entry->on_cpu))
            return;
        if (!(entry->flags & GW_ENTRY_DOUBT) || !(entry->flags & GW_ENTRY_ASK) ||
            gw_history_tick(history, entry->tick)->at_ns > at_ns)
            continue;
        bool wants = told == GW_TOLD_WANTS_GIL;
        entry->on_cpu = wants ? GW_STATE_GIL_HANDOFF : GW_STATE_NATIVE;
        entry->queued = wants ? GW_STATE_GIL_HANDOFF : GW_STATE_CPU_WAIT;
        entry->flags &= (uint8_t)~GW_ENTRY_SOFT;
    }
}

static int64_t bounded(int64_t left_ns)
{
    return left_ns > MAX_LEFT_NS ? MAX_LEFT_NS : left_ns < -MAX_LEFT_NS ? -MAX_LEFT_NS : left_ns;
}

void gw_track_settle(struct gw_history *history, struct gw_track *track,
                     const struct gw_growth *growth)
{
    struct doubts doubts = find_doubts(track);
    remember(track, growth);
    if (doubts.any)
        settle_doubts(history, track, &doubts, was_queued(history, track, &doubts, growth));
    else
        split_asleep(history, track, growth);
    track->left_queued_ns = bounded(track->left_queued_ns);
    track->settled = history->end - 1;
}

void gw_track_settle_ended(struct gw_history *history, struct gw_track *track,
                           const struct gw_growth *life)
{
    struct doubts doubts = find_doubts(track);
    bool known = doubts.flags & (GW_ENTRY_ON | GW_ENTRY_OFF);
    bool queued = known ? !(doubts.flags & GW_ENTRY_ON) : draw(track, &doubts, life) == WAS_QUEUED;
    if (doubts.any)
        settle_doubts(history, track, &doubts, queued);
    track->settled = history->end - 1;
}

void gw_track_give_up(struct gw_history *history, struct gw_track *track, uint64_t before)
{
    for (struct gw_entry_block *block = track->first; block; block = block->next) {
        for (uint32_t i = block->begin; i < block->end; i++) {
            struct gw_entry *entry = &block->entries[i];
            if (entry->tick > before)
                return;
            if (!(entry->flags & GW_ENTRY_DOUBT))
                continue;
            settle_queued(track, entry);
            note_queued(track, entry, gw_history_tick(history, entry->tick)->dt_ns);
        }
    }
}

uint64_t gw_track_first_doubt(const struct gw_track *track)
{
    struct gw_track_cursor cursor = {0};
    for (const struct gw_entry *entry; (entry = gw_track_next(track, &cursor));)
        if (entry->flags & GW_ENTRY_DOUBT)
            return entry->tick;
    return UINT64_MAX;
}

const struct gw_entry *gw_track_at(const struct gw_track *track, uint64_t tick)
{
    const struct gw_entry *found = NULL;
    struct gw_track_cursor cursor = {0};
    for (const struct gw_entry *entry; (entry = gw_track_next(track, &cursor));) {
        if (entry->tick > tick)
            break;
        found = entry;
    }
    return found;
}

const struct gw_entry *gw_track_next(const struct gw_track *track, struct gw_track_cursor *cursor)
{
    if (!cursor->started) {
        cursor->started = true;
        cursor->block = track->first;
        cursor->i = cursor->block ? cursor->block->begin : 0;
    }
    while (cursor->block && cursor->i == cursor->block->end) {
        cursor->block = cursor->block->next;
        cursor->i = cursor->block ? cursor->block->begin : 0;
    }
    return cursor->block ? &cursor->block->entries[cursor->i++] : NULL;
}

/* The entry behind the first one, NULL if there is none. */
static const struct gw_entry *second(const struct gw_track *track)
{
    struct gw_track_cursor cursor = {0};
    return gw_track_next(track, &cursor) ? gw_track_next(track, &cursor) : NULL;
}

void gw_track_trim(struct gw_history *history, struct gw_track *track, uint64_t begin)
{
    for (const struct gw_entry *entry; (entry = second(track)) && entry->tick <= begin;)
        if (++track->first->begin == track->first->end)
            drop_first_block(history, track);
}

void gw_track_clear(struct gw_history *history, struct gw_track *track)
{
    while (track->first)
        drop_first_block(history, track);
    *track = (struct gw_track){0};
}

void gw_history_trim(struct gw_history *history, uint64_t begin)
{
    history->begin = begin;
}
