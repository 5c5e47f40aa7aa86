/* SPDX-License-Identifier: Apache-2.0 */
#include "sample/history.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_ENTRIES 31u
/* Every thread keeps one block at least; untouched blocks cost no memory. */
#define N_BLOCKS 16384u

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

bool gw_track_add(struct gw_history *history, struct gw_track *track, struct gw_entry entry)
{
    const struct gw_entry *newest = gw_track_newest(track);
    entry.tick = history->end - 1;
    if (newest && says_the_same(newest, &entry))
        return true;
    /* Asleep, or with the GIL: whatever runs later is another run. */
    if (!(entry.flags & GW_ENTRY_DOUBT) || gw_state_holds_gil(entry.on_cpu))
        track->ran_native = false;
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

/* The thread slept when it was last looked at and was queued from tick `from` on: the rest of that
 * entry's time becomes an entry of its own. */
static void split_asleep(struct gw_history *history, struct gw_track *track, uint64_t from)
{
    const struct gw_entry *newest = gw_track_newest(track);
    if (!newest || newest->flags & (GW_ENTRY_DOUBT | GW_ENTRY_QUEUED))
        return;
    struct gw_entry queued = *newest;
    queued.tick = from > newest->tick ? from : newest->tick + 1;
    if (queued.tick >= history->end - 1)
        return;
    queued.flags = GW_ENTRY_QUEUED;
    push(history, track, queued);
}

void gw_track_settle(struct gw_history *history, struct gw_track *track, uint64_t queue_ns,
                     double spread)
{
    const struct gw_tick *now = gw_history_tick(history, history->end - 1);
    uint64_t end_ns = now->at_ns - (uint64_t)(spread * (double)now->dt_ns);
    uint64_t from =
        queue_ns ? tick_from(history, end_ns > queue_ns ? end_ns - queue_ns : 0) : history->end - 1;
    /* All ticks in doubt were spent the same way. Longer in the queue than since the last of them,
     * the thread was queued at each. */
    uint64_t doubts_from = queue_ns > now->dt_ns ? track->settled : from;
    /* Oldest first, as what was native ends the credit of the run's origin. */
    struct reverse at = {.block = track->last, .i = track->last ? track->last->end : 0};
    struct reverse first = at;
    for (struct gw_entry *entry; (entry = step_back(&at)) && entry->tick >= track->settled;)
        first = (struct reverse){.block = at.block, .i = at.i + 1};
    bool any_doubt = false;
    for (struct gw_entry_block *block = first.block; block; block = block->next) {
        uint32_t i = block == first.block && first.i > block->begin ? first.i - 1 : block->begin;
        for (; i < block->end; i++) {
            struct gw_entry *entry = &block->entries[i];
            if (!(entry->flags & GW_ENTRY_DOUBT))
                continue;
            any_doubt = true;
            if (entry->tick >= doubts_from)
                settle_queued(track, entry);
            else
                settle_on_cpu(track, entry);
        }
    }
    if (!any_doubt && queue_ns)
        split_asleep(history, track, from);
    track->settled = history->end - 1;
}

void gw_track_give_up(struct gw_track *track, uint64_t before)
{
    for (struct gw_entry_block *block = track->first; block; block = block->next) {
        for (uint32_t i = block->begin; i < block->end; i++) {
            struct gw_entry *entry = &block->entries[i];
            if (entry->tick > before)
                return;
            if (entry->flags & GW_ENTRY_DOUBT)
                settle_queued(track, entry);
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
