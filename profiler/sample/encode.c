/* SPDX-License-Identifier: Apache-2.0 */
/* From a session's history to the messages of a capture. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/limits.h"
#include "sample/native_stops.h"
#include "sample/session_state.h"

/* A thread that is woken may turn out to have been queued a moment before: that long, what is
 * already certain is kept back. */
#define HOLD_BACK_NS (20 * 1000000ull)
#define MAX_BLOCK_ENTRIES 12000u
#define MAX_BLOCK_TICKS 20000u

/* Everything one message needs, freed after it was written. */
struct block {
    Gilwait__Capture__Data data;
    Gilwait__Capture__Block block, *blocks[1];
    Gilwait__Capture__Process process, *processes[1];
    Gilwait__Capture__Thread *threads, **thread_list;
    Gilwait__Capture__Gil *gils, **gil_list;
    Gilwait__Capture__Track *tracks, **track_list;
    Gilwait__Capture__Holders *holders, **holders_list;
    uint64_t *dt_ns, *gap_ns;
    uint32_t *gap_tick;
    Gilwait__Capture__Natives natives;
    uint64_t *native_dt_ns;
    uint32_t *native_columns; /* thread, stack */
    protobuf_c_boolean *native_holds;
    uint32_t *numbers; /* the columns of all tracks */
    size_t n_numbers, cap_numbers;
    uint64_t begin, end; /* ticks [begin, end) */
};

static void block_free(struct block *block)
{
    free(block->threads);
    free(block->thread_list);
    free(block->gils);
    free(block->gil_list);
    free(block->tracks);
    free(block->track_list);
    free(block->holders);
    free(block->holders_list);
    free(block->dt_ns);
    free(block->gap_ns);
    free(block->gap_tick);
    free(block->native_dt_ns);
    free(block->native_columns);
    free(block->native_holds);
    free(block->numbers);
}

/* --- how far ------------------------------------------------------------------------------------
 */

/* First tick that cannot be written yet. */
static uint64_t certain_until(struct gw_session *session, bool everything)
{
    const struct gw_history *history = session->history;
    uint64_t begin = gw_history_begin(history), end = gw_history_end(history);
    uint64_t now_ns = session->last_tick_ns, certain = end;
    bool hurry = everything || gw_history_is_full(history);
    uint64_t keep_ns = everything ? 0 : HOLD_BACK_NS;
    while (certain > begin && gw_history_tick(history, certain - 1)->at_ns + keep_ns > now_ns &&
           !everything)
        certain--;
    uint64_t old = begin;
    while (old < end && gw_history_tick(history, old)->at_ns + GW_DOUBT_NS < now_ns)
        old++;
    for (uint32_t i = 0; i < session->n_threads; i++) {
        struct gw_thread *thread = session->threads[i];
        if (!thread->used)
            continue;
        if (hurry || !thread->alive)
            gw_track_give_up(session->history, &thread->track, certain);
        else if (old > begin)
            gw_track_give_up(session->history, &thread->track, old - 1);
        uint64_t doubt = gw_track_first_doubt(&thread->track);
        if (doubt < certain)
            certain = doubt;
    }
    return certain;
}

static size_t count_entries(const struct gw_session *session, uint64_t end)
{
    size_t n = 0;
    for (uint32_t i = 0; i < session->n_threads; i++) {
        struct gw_track_cursor cursor = {0};
        if (!session->threads[i]->used)
            continue;
        for (const struct gw_entry *entry;
             (entry = gw_track_next(&session->threads[i]->track, &cursor)) && entry->tick < end;)
            n++;
    }
    return n;
}

static uint64_t block_end(const struct gw_session *session, uint64_t certain)
{
    uint64_t begin = gw_history_begin(session->history);
    uint64_t end = certain - begin > MAX_BLOCK_TICKS ? begin + MAX_BLOCK_TICKS : certain;
    while (end - begin > 1 && count_entries(session, end) > MAX_BLOCK_ENTRIES)
        end = begin + (end - begin) / 2;
    return end;
}

/* --- columns ------------------------------------------------------------------------------------
 */

/* A state over part of the block. */
struct stretch {
    uint64_t tick;
    uint32_t state, stack, gil;
};

/* The next stretch of a track within the block, neighbours that say the same made one. */
static bool next_stretch(const struct gw_track *track, struct gw_track_cursor *cursor,
                         const struct block *block, struct stretch *out, bool *has_out)
{
    const struct gw_entry *entry;
    struct gw_track_cursor ahead = *cursor;
    while ((entry = gw_track_next(track, &ahead)) && entry->tick < block->end) {
        struct stretch now = {.tick = entry->tick > block->begin ? entry->tick : block->begin,
                              .state = gw_entry_state(entry),
                              .stack = entry->stack,
                              .gil = entry->gil};
        struct gw_track_cursor beyond = ahead;
        const struct gw_entry *next = gw_track_next(track, &beyond);
        bool superseded = next && next->tick <= block->begin;
        bool repeated =
            *has_out && now.state == out->state && now.stack == out->stack && now.gil == out->gil;
        *cursor = ahead;
        if (superseded || repeated)
            continue;
        *out = now;
        *has_out = true;
        return true;
    }
    return false;
}

static size_t count_stretches(const struct gw_track *track, const struct block *block, uint64_t end)
{
    struct gw_track_cursor cursor = {0};
    struct stretch stretch;
    bool has = false;
    size_t n = 0;
    while (next_stretch(track, &cursor, block, &stretch, &has))
        n += stretch.tick < end;
    return n;
}

static uint32_t *take_numbers(struct block *block, size_t n)
{
    uint32_t *numbers = block->numbers + block->n_numbers;
    block->n_numbers += n;
    return numbers;
}

static void fill_track(const struct gw_session *session, const struct gw_thread *thread,
                       struct block *block, size_t n, Gilwait__Capture__Track *out)
{
    struct gw_track_cursor cursor = {0};
    struct stretch stretch;
    bool has = false;
    uint64_t last = block->begin;
    gilwait__capture__track__init(out);
    out->thread = thread->id;
    out->tick = take_numbers(block, n);
    out->state = take_numbers(block, n);
    out->stack = take_numbers(block, n);
    out->gil = take_numbers(block, n);
    bool one = true;
    for (size_t i = 0; i < n && next_stretch(&thread->track, &cursor, block, &stretch, &has); i++) {
        out->tick[i] = (uint32_t)(stretch.tick - last);
        out->state[i] = stretch.state;
        out->stack[i] = stretch.stack;
        out->gil[i] = session->gils[stretch.gil].id;
        one &= out->gil[i] == out->gil[0];
        last = stretch.tick;
    }
    out->n_tick = out->n_state = out->n_stack = n;
    out->n_gil = one ? 0 : n;
    out->one_gil = n ? out->gil[0] : 0;
    if (thread->ended_tick < block->end)
        out->end_tick = (uint32_t)(thread->ended_tick - block->begin);
    if (thread->has_sched) {
        out->exact = true;
        out->cpu_ns = thread->sched.cpu_ns - thread->first_sched.cpu_ns;
        out->run_queue_ns = thread->sched.run_queue_ns - thread->first_sched.run_queue_ns;
    }
}

/* How many stretches of the block a thread has; 0: it has no part in it. */
static size_t thread_stretches(const struct gw_thread *thread, const struct block *block)
{
    if (!thread->used || thread->ended_tick <= block->begin)
        return 0;
    return count_stretches(&thread->track, block, thread->ended_tick);
}

static int fill_tracks(struct gw_session *session, struct block *block)
{
    size_t n_numbers = 0, n_tracks = 0;
    for (uint32_t i = 0; i < session->n_threads; i++)
        n_numbers += 4 * thread_stretches(session->threads[i], block);
    for (uint32_t i = 0; i < session->n_gils; i++)
        n_numbers += 2 * count_stretches(&session->gils[i].track, block, block->end);
    block->numbers = calloc(n_numbers + 1, sizeof *block->numbers);
    block->tracks = calloc(session->n_threads + 1, sizeof *block->tracks);
    block->track_list = calloc(session->n_threads + 1, sizeof(void *));
    if (!block->numbers || !block->tracks || !block->track_list)
        return -ENOMEM;
    for (uint32_t i = 0; i < session->n_threads; i++) {
        size_t n = thread_stretches(session->threads[i], block);
        if (!n)
            continue;
        block->track_list[n_tracks] = &block->tracks[n_tracks];
        fill_track(session, session->threads[i], block, n, &block->tracks[n_tracks++]);
    }
    block->block.n_tracks = n_tracks;
    block->block.tracks = block->track_list;
    return 0;
}

static void fill_gil_holders(struct gw_gil_state *gil, struct block *block,
                             Gilwait__Capture__Holders *out)
{
    struct gw_track_cursor cursor = {0};
    struct stretch stretch;
    bool has = false;
    size_t n = count_stretches(&gil->track, block, block->end);
    uint64_t last = block->begin;
    gilwait__capture__holders__init(out);
    out->gil = gil->id;
    out->n_tick = out->n_holder = n;
    out->tick = take_numbers(block, n);
    out->holder = take_numbers(block, n);
    for (size_t i = 0; i < n && next_stretch(&gil->track, &cursor, block, &stretch, &has); i++) {
        out->tick[i] = (uint32_t)(stretch.tick - last);
        out->holder[i] = stretch.stack;
        last = stretch.tick;
    }
    if (gil->readable) {
        out->switches = gil->before.switch_number - gil->written_switches;
        gil->written_switches = gil->before.switch_number;
    }
    out->switch_interval_us = gil->before.interval_us;
}

static int fill_holders(struct gw_session *session, struct block *block)
{
    block->holders = calloc(session->n_gils + 1, sizeof *block->holders);
    block->holders_list = calloc(session->n_gils + 1, sizeof(void *));
    if (!block->holders || !block->holders_list)
        return -ENOMEM;
    for (uint32_t i = 0; i < session->n_gils; i++) {
        block->holders_list[i] = &block->holders[i];
        fill_gil_holders(&session->gils[i], block, &block->holders[i]);
    }
    block->block.n_holders = session->n_gils;
    block->block.holders = block->holders_list;
    return 0;
}

static int fill_ticks(const struct gw_session *session, struct block *block)
{
    size_t n = (size_t)(block->end - block->begin), n_gaps = 0;
    block->dt_ns = calloc(n, sizeof *block->dt_ns);
    block->gap_ns = calloc(n, sizeof *block->gap_ns);
    block->gap_tick = calloc(n, sizeof *block->gap_tick);
    if (!block->dt_ns || !block->gap_ns || !block->gap_tick)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct gw_tick *tick = gw_history_tick(session->history, block->begin + i);
        block->dt_ns[i] = tick->dt_ns;
        if (!tick->gap_ns)
            continue;
        block->gap_tick[n_gaps] = (uint32_t)i;
        block->gap_ns[n_gaps++] = tick->gap_ns;
    }
    const struct gw_tick *first = gw_history_tick(session->history, block->begin);
    block->block.process = session->process_id;
    block->block.start_ns = first->at_ns - first->dt_ns;
    block->block.n_dt_ns = n;
    block->block.dt_ns = block->dt_ns;
    block->block.n_gap_tick = block->block.n_gap_ns = n_gaps;
    block->block.gap_tick = block->gap_tick;
    block->block.gap_ns = block->gap_ns;
    return 0;
}

/* Samples of a time before the block waited for their names. */
static int fill_natives(struct gw_session *session, struct block *block)
{
    GW_AUTO_FREE struct gw_native_sample *samples =
        session->native_stops ? calloc(GW_MAX_NATIVE_SAMPLES, sizeof *samples) : NULL;
    if (!samples)
        return session->native_stops ? -ENOMEM : 0;
    uint64_t end_ns = gw_history_tick(session->history, block->end - 1)->at_ns;
    size_t n = gw_native_stops_drain(session, end_ns, samples, GW_MAX_NATIVE_SAMPLES);
    if (n == 0)
        return 0;
    Gilwait__Capture__Natives *out = &block->natives;
    block->native_dt_ns = calloc(n, sizeof *block->native_dt_ns);
    block->native_columns = calloc(n, 2 * sizeof *block->native_columns);
    block->native_holds = calloc(n, sizeof *block->native_holds);
    if (!block->native_dt_ns || !block->native_columns || !block->native_holds)
        return -ENOMEM;
    gilwait__capture__natives__init(out);
    out->n_dt_ns = out->n_thread = out->n_stack = out->n_holds = n;
    out->dt_ns = block->native_dt_ns;
    out->thread = block->native_columns;
    out->stack = block->native_columns + n;
    out->holds = block->native_holds;
    uint64_t last_ns = block->block.start_ns;
    for (size_t i = 0; i < n; i++) {
        uint64_t at_ns = samples[i].at_ns > last_ns ? samples[i].at_ns : last_ns;
        out->dt_ns[i] = at_ns - last_ns;
        out->thread[i] = samples[i].thread;
        out->stack[i] = samples[i].stack;
        out->holds[i] = samples[i].holds;
        last_ns = at_ns;
    }
    block->block.natives = out;
    return 0;
}

/* --- who and what --------------------------------------------------------------------------------
 */

static void define_process(struct gw_session *session, struct block *block)
{
    Gilwait__Capture__Process *out = &block->process;
    if (session->process_defined)
        return;
    gilwait__capture__process__init(out);
    out->id = session->process_id;
    out->pid = (uint32_t)session->proc.pid;
    if (session->proc.ns_pid != session->proc.pid)
        out->ns_pid = (uint32_t)session->proc.ns_pid;
    out->parent_pid = (uint32_t)session->parent_pid;
    out->exe = gw_definitions_string(session->definitions, session->proc.exe);
    out->python_hex = session->python.layout.python_hex;
    out->python = gw_definitions_string(session->definitions, session->python.version);
    out->free_threaded = session->python.layout.free_threaded;
    out->first_seen_ns = session->first_seen_ns;
    out->ended_ns = session->ended_ns;
    block->processes[0] = out;
    block->data.n_processes = 1;
    block->data.processes = block->processes;
}

static int define_threads(struct gw_session *session, struct block *block)
{
    size_t n = 0;
    block->threads = calloc(session->n_threads + 1, sizeof *block->threads);
    block->thread_list = calloc(session->n_threads + 1, sizeof(void *));
    if (!block->threads || !block->thread_list)
        return -ENOMEM;
    for (uint32_t i = 0; i < session->n_threads; i++) {
        const struct gw_thread *thread = session->threads[i];
        if (!thread->used || thread->defined)
            continue;
        Gilwait__Capture__Thread *out = block->thread_list[n] = &block->threads[n];
        n++;
        gilwait__capture__thread__init(out);
        out->id = thread->id;
        out->process = session->process_id;
        out->tid = (uint32_t)thread->tid;
        if (thread->ns_tid != thread->tid)
            out->ns_tid = (uint32_t)thread->ns_tid;
        out->name = gw_definitions_string(session->definitions, thread->name ? thread->name : "");
        out->first_seen_ns = thread->first_seen_ns;
        out->main = thread->is_main;
    }
    block->data.n_threads = n;
    block->data.threads = block->thread_list;
    return 0;
}

static int define_gils(struct gw_session *session, struct block *block)
{
    size_t n = 0;
    block->gils = calloc(session->n_gils + 1, sizeof *block->gils);
    block->gil_list = calloc(session->n_gils + 1, sizeof(void *));
    if (!block->gils || !block->gil_list)
        return -ENOMEM;
    for (uint32_t i = 0; i < session->n_gils; i++) {
        if (session->gils[i].defined)
            continue;
        Gilwait__Capture__Gil *out = block->gil_list[n] = &block->gils[n];
        n++;
        gilwait__capture__gil__init(out);
        out->id = session->gils[i].id;
        out->process = session->process_id;
        out->interpreter = session->gils[i].interpreter;
    }
    block->data.n_gils = n;
    block->data.gils = block->gil_list;
    return 0;
}

static void mark_defined(struct gw_session *session, bool defined)
{
    session->process_defined = defined;
    for (uint32_t i = 0; i < session->n_threads; i++)
        session->threads[i]->defined = defined;
    for (uint32_t i = 0; i < session->n_gils; i++)
        session->gils[i].defined = defined;
}

void gw_session_redefine(struct gw_session *session)
{
    mark_defined(session, false);
}

/* --- writing
 * --------------------------------------------------------------------------------------- */

static int write_definitions(struct gw_definitions *definitions, gw_session_sink sink,
                             void *context)
{
    struct gw_definitions_message message = {0};
    int err = 0;
    while (!err && gw_definitions_take(definitions, &message))
        err = sink(context, &message.data);
    gw_definitions_message_fini(&message);
    return err;
}

/* The block's ticks are written: forget them, and threads that ended before their end. */
static void forget(struct gw_session *session, uint64_t end)
{
    for (uint32_t i = 0; i < session->n_threads; i++) {
        struct gw_thread *thread = session->threads[i];
        if (!thread->used)
            continue;
        gw_track_trim(session->history, &thread->track, end);
        if (thread->alive || thread->ended_tick > end)
            continue;
        gw_track_clear(session->history, &thread->track);
        free(thread->name);
        thread->name = NULL;
        thread->used = false;
    }
    for (uint32_t i = 0; i < session->n_gils; i++)
        gw_track_trim(session->history, &session->gils[i].track, end);
    gw_history_trim(session->history, end);
}

static int fill_block(struct gw_session *session, struct block *block,
                      const Gilwait__Capture__Quality *quality)
{
    gilwait__capture__data__init(&block->data);
    gilwait__capture__block__init(&block->block);
    block->blocks[0] = &block->block;
    block->data.n_blocks = 1;
    block->data.blocks = block->blocks;
    block->block.quality = (Gilwait__Capture__Quality *)(uintptr_t)quality;
    int err = fill_ticks(session, block);
    if (!err)
        err = fill_tracks(session, block);
    if (!err)
        err = fill_holders(session, block);
    if (!err)
        err = fill_natives(session, block);
    if (!err)
        err = define_threads(session, block);
    if (!err)
        err = define_gils(session, block);
    define_process(session, block);
    return err;
}

static int write_block(struct gw_session *session, uint64_t end,
                       const Gilwait__Capture__Quality *quality, gw_session_sink sink,
                       void *context)
{
    struct block block = {.begin = gw_history_begin(session->history), .end = end};
    Gilwait__Capture__Quality here = *quality;
    here.displacing = session->displacing;
    here.torn = session->torn;
    here.dropped = session->dropped;
    int err = fill_block(session, &block, &here);
    /* Filling named strings; all of them are defined before the block that uses them. */
    if (!err)
        err = write_definitions(session->definitions, sink, context);
    if (!err)
        err = sink(context, &block.data);
    block_free(&block);
    if (err)
        return err;
    session->torn = session->dropped = session->displacing = 0;
    mark_defined(session, true);
    forget(session, end);
    return 0;
}

int gw_session_write(struct gw_session *session, bool everything,
                     Gilwait__Capture__Quality *quality, gw_session_sink sink, void *context)
{
    uint64_t certain = certain_until(session, everything);
    int err = 0;
    while (!err && gw_history_begin(session->history) < certain) {
        err = write_block(session, block_end(session, certain), quality, sink, context);
        quality->late = quality->stops = 0;
        quality->own_cpu_ns = quality->stopped_ns = 0;
    }
    return err;
}
