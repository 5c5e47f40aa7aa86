/* SPDX-License-Identifier: Apache-2.0 */
#include "support/capture_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "format/capture_writer.h"
#include "format/vocabulary.h"
#include "support/capture_words.h"

#define PRE(name) gilwait__capture__##name

/* All memory of one text; freed at once. */
struct pool {
    void **items;
    size_t n;
};

struct maker {
    struct pool pool;
    struct gw_capture_writer *writer;
    Gilwait__Capture__Data data;
    Gilwait__Capture__Strings strings;
    Gilwait__Capture__Functions functions;
    Gilwait__Capture__Stacks stacks;
    Gilwait__Capture__Block *block;
    char *known[1024]; /* strings by id */
    uint32_t n_known, n_written;
    struct capture_words words;
};

static void *take(struct pool *pool, size_t size)
{
    void *item = calloc(1, size);
    pool->items = reallocarray(pool->items, pool->n + 1, sizeof *pool->items);
    if (!item || !pool->items)
        abort();
    return pool->items[pool->n++] = item;
}

/* Append to a repeated field: a new array each time, the pool frees them all. */
#define APPEND(maker, array, count, value)                                                         \
    do {                                                                                           \
        void *fresh_ = take(&(maker)->pool, ((count) + 1) * sizeof *(array));                      \
        if (count)                                                                                 \
            memcpy(fresh_, (array), (count) * sizeof *(array));                                    \
        (array) = fresh_;                                                                          \
        (array)[(count)++] = (value);                                                              \
    } while (0)

static char *take_text(struct maker *maker, const char *text)
{
    return strcpy(take(&maker->pool, strlen(text) + 1), text);
}

static uint32_t string_id(struct maker *maker, const char *text)
{
    for (uint32_t i = 0; i < maker->n_known; i++)
        if (strcmp(maker->known[i], text) == 0)
            return i;
    if (maker->n_known == sizeof maker->known / sizeof maker->known[0])
        abort();
    maker->known[maker->n_known] = take_text(maker, text);
    APPEND(maker, maker->strings.values, maker->strings.n_values, maker->known[maker->n_known]);
    return maker->n_known++;
}

static uint32_t string(struct maker *maker, const char *key)
{
    const char *value = capture_words_value(&maker->words, key);
    return string_id(maker, value ? value : "");
}

static int do_header(struct maker *maker)
{
    Gilwait__Capture__Header header;
    const char *kernel = capture_words_value(&maker->words, "kernel");

    PRE(header__init)(&header);
    header.writer = take_text(maker, "gilwait test");
    header.kernel = take_text(maker, kernel ? kernel : "");
    header.cpus = capture_words_number32(&maker->words, "cpus");
    header.realtime_ns = capture_words_number(&maker->words, "realtime");
    header.monotonic_ns = capture_words_number(&maker->words, "monotonic");
    header.rate_hz = capture_words_real(&maker->words, "rate");
    header.max_cpu = capture_words_real(&maker->words, "max_cpu");
    return gw_capture_writer_header(maker->writer, &header);
}

static int do_process(struct maker *maker)
{
    Gilwait__Capture__Process *process = take(&maker->pool, sizeof *process);

    PRE(process__init)(process);
    process->id = capture_words_get_number(&maker->words, 1);
    process->pid = capture_words_number32(&maker->words, "pid");
    process->ns_pid = capture_words_number32(&maker->words, "ns_pid");
    process->parent_pid = capture_words_number32(&maker->words, "ppid");
    process->exe = string(maker, "exe");
    process->python = string(maker, "python");
    process->python_hex = capture_words_number32(&maker->words, "hex");
    process->free_threaded = capture_words_number(&maker->words, "ft") != 0;
    process->first_seen_ns = capture_words_number(&maker->words, "first");
    process->ended_ns = capture_words_number(&maker->words, "ended");
    process->reason = string(maker, "skipped");
    if (capture_words_value(&maker->words, "skipped"))
        process->status = GILWAIT__CAPTURE__PROCESS__STATUS__SKIPPED;
    APPEND(maker, maker->data.processes, maker->data.n_processes, process);
    return 0;
}

static int do_thread(struct maker *maker)
{
    Gilwait__Capture__Thread *thread = take(&maker->pool, sizeof *thread);

    PRE(thread__init)(thread);
    thread->id = capture_words_get_number(&maker->words, 1);
    thread->process = capture_words_number32(&maker->words, "process");
    thread->tid = capture_words_number32(&maker->words, "tid");
    thread->ns_tid = capture_words_number32(&maker->words, "ns_tid");
    thread->name = string(maker, "name");
    thread->first_seen_ns = capture_words_number(&maker->words, "first");
    thread->main = capture_words_number(&maker->words, "main") != 0;
    APPEND(maker, maker->data.threads, maker->data.n_threads, thread);
    return 0;
}

static int do_gil(struct maker *maker)
{
    Gilwait__Capture__Gil *gil = take(&maker->pool, sizeof *gil);

    PRE(gil__init)(gil);
    gil->id = capture_words_get_number(&maker->words, 1);
    gil->process = capture_words_number32(&maker->words, "process");
    gil->interpreter = (int64_t)capture_words_number(&maker->words, "interpreter");
    APPEND(maker, maker->data.gils, maker->data.n_gils, gil);
    return 0;
}

static int do_function(struct maker *maker)
{
    Gilwait__Capture__Functions *functions = &maker->functions;

    if (functions->n_name == 0)
        functions->first_id = capture_words_get_number(&maker->words, 1);
    APPEND(maker, functions->name, functions->n_name,
           string_id(maker, capture_words_get(&maker->words, 2)));
    APPEND(maker, functions->file, functions->n_file,
           string_id(maker, capture_words_get(&maker->words, 3)));
    APPEND(maker, functions->first_line, functions->n_first_line,
           capture_words_get_number(&maker->words, 4));
    uint32_t kind = capture_words_number32(&maker->words, "kind");
    while (kind && functions->n_kind < functions->n_name - 1) /* left out while all are 0 */
        APPEND(maker, functions->kind, functions->n_kind, 0);
    if (kind || functions->n_kind)
        APPEND(maker, functions->kind, functions->n_kind, kind);
    return 0;
}

static int do_stack(struct maker *maker)
{
    Gilwait__Capture__Stacks *stacks = &maker->stacks;

    if (stacks->n_parent == 0)
        stacks->first_id = capture_words_get_number(&maker->words, 1);
    APPEND(maker, stacks->parent, stacks->n_parent, capture_words_get_number(&maker->words, 2));
    APPEND(maker, stacks->function, stacks->n_function, capture_words_get_number(&maker->words, 3));
    APPEND(maker, stacks->line, stacks->n_line, capture_words_get_number(&maker->words, 4));
    return 0;
}

static int do_block(struct maker *maker)
{
    Gilwait__Capture__Block *block = take(&maker->pool, sizeof *block);
    size_t n = (size_t)capture_words_number(&maker->words, "ticks");

    PRE(block__init)(block);
    block->process = capture_words_number32(&maker->words, "process");
    block->start_ns = capture_words_number(&maker->words, "start");
    block->dt_ns = take(&maker->pool, (n + 1) * sizeof *block->dt_ns);
    block->n_dt_ns = n;
    for (size_t i = 0; i < n; i++)
        block->dt_ns[i] = capture_words_number(&maker->words, "dt");
    APPEND(maker, maker->data.blocks, maker->data.n_blocks, block);
    maker->block = block;
    return 0;
}

static int do_gap(struct maker *maker)
{
    APPEND(maker, maker->block->gap_tick, maker->block->n_gap_tick,
           capture_words_get_number(&maker->words, 1));
    APPEND(maker, maker->block->gap_ns, maker->block->n_gap_ns,
           capture_words_get_number(&maker->words, 2));
    return 0;
}

static uint32_t state_number(const char *name)
{
    for (unsigned state = 0; state < GW_N_STATES; state++)
        if (strcmp(gw_state_name(state), name) == 0)
            return state;
    return (uint32_t)strtoul(name, NULL, 0);
}

static int do_track(struct maker *maker)
{
    Gilwait__Capture__Track *track = take(&maker->pool, sizeof *track);
    uint32_t before = 0;

    PRE(track__init)(track);
    track->thread = capture_words_get_number(&maker->words, 1);
    track->end_tick = capture_words_number32(&maker->words, "end");
    track->exact = capture_words_value(&maker->words, "cpu") != NULL;
    track->cpu_ns = capture_words_number(&maker->words, "cpu");
    track->run_queue_ns = capture_words_number(&maker->words, "queue");
    for (size_t i = 2; i < maker->words.n; i++) {
        unsigned tick, stack = 0, gil = 0;
        char state[32];
        if (sscanf(maker->words.at[i], "%u:%31[^:]:%u:%u", &tick, state, &stack, &gil) < 2)
            continue;
        APPEND(maker, track->tick, track->n_tick, tick - before);
        APPEND(maker, track->state, track->n_state, state_number(state));
        APPEND(maker, track->stack, track->n_stack, stack);
        APPEND(maker, track->gil, track->n_gil, gil);
        before = tick;
    }
    APPEND(maker, maker->block->tracks, maker->block->n_tracks, track);
    return 0;
}

static int do_holders(struct maker *maker)
{
    Gilwait__Capture__Holders *holders = take(&maker->pool, sizeof *holders);
    uint32_t before = 0;

    PRE(holders__init)(holders);
    holders->gil = capture_words_get_number(&maker->words, 1);
    holders->switches = capture_words_number(&maker->words, "switches");
    holders->switch_interval_us = capture_words_number(&maker->words, "interval");
    for (size_t i = 2; i < maker->words.n; i++) {
        unsigned tick, thread = 0;
        char who[32];
        if (sscanf(maker->words.at[i], "%u:%31s", &tick, who) < 2)
            continue;
        sscanf(who, "%u", &thread);
        APPEND(maker, holders->tick, holders->n_tick, tick - before);
        APPEND(maker, holders->holder, holders->n_holder,
               strcmp(who, "nobody") == 0    ? 0
               : strcmp(who, "unknown") == 0 ? 1
                                             : thread + 2);
        before = tick;
    }
    APPEND(maker, maker->block->holders, maker->block->n_holders, holders);
    return 0;
}

static int do_native(struct maker *maker)
{
    Gilwait__Capture__Natives *natives = maker->block->natives;
    uint64_t at_ns = capture_words_number(&maker->words, "at"), before_ns = 0;

    if (!natives) {
        natives = maker->block->natives = take(&maker->pool, sizeof *natives);
        PRE(natives__init)(natives);
    }
    for (size_t i = 0; i < natives->n_dt_ns; i++)
        before_ns += natives->dt_ns[i];
    APPEND(maker, natives->dt_ns, natives->n_dt_ns, at_ns - before_ns);
    APPEND(maker, natives->thread, natives->n_thread, capture_words_get_number(&maker->words, 1));
    APPEND(maker, natives->stack, natives->n_stack, capture_words_get_number(&maker->words, 2));
    APPEND(maker, natives->holds, natives->n_holds,
           capture_words_number(&maker->words, "holds") != 0);
    return 0;
}

static int do_quality(struct maker *maker)
{
    Gilwait__Capture__Quality *quality = take(&maker->pool, sizeof *quality);

    PRE(quality__init)(quality);
    quality->late = capture_words_number32(&maker->words, "late");
    quality->torn = capture_words_number32(&maker->words, "torn");
    quality->dropped = capture_words_number32(&maker->words, "dropped");
    quality->displacing = capture_words_number32(&maker->words, "displacing");
    quality->stops = capture_words_number32(&maker->words, "stops");
    quality->stopped_ns = capture_words_number(&maker->words, "stopped");
    quality->own_cpu_ns = capture_words_number(&maker->words, "own_cpu");
    quality->max_rss_bytes = capture_words_number(&maker->words, "rss");
    quality->rate_hz = capture_words_real(&maker->words, "rate");
    maker->block->quality = quality;
    return 0;
}

static int write_out(struct maker *maker, bool keyframe)
{
    Gilwait__Capture__Data *data = &maker->data;

    if (keyframe) {
        maker->n_written = 1;
        maker->strings.n_values = 0;
        for (uint32_t i = 1; i < maker->n_known; i++)
            APPEND(maker, maker->strings.values, maker->strings.n_values, maker->known[i]);
    }
    maker->strings.first_id = maker->n_written;
    maker->n_written = maker->n_known;
    data->strings = &maker->strings;
    data->functions = &maker->functions;
    data->stacks = &maker->stacks;
    int rc = keyframe ? gw_capture_writer_keyframe(maker->writer, data)
                      : gw_capture_writer_data(maker->writer, data);
    PRE(data__init)(data);
    PRE(strings__init)(&maker->strings);
    PRE(functions__init)(&maker->functions);
    PRE(stacks__init)(&maker->stacks);
    return rc;
}

static int do_write(struct maker *maker)
{
    return write_out(maker, false);
}

static int do_keyframe(struct maker *maker)
{
    return write_out(maker, true);
}

/* "" has the id 0 and is not written. */
static void forget_strings(struct maker *maker)
{
    maker->known[0] = take_text(maker, "");
    maker->n_known = 1;
    maker->n_written = 1;
}

static int do_reset(struct maker *maker)
{
    maker->data.reset_ids = true;
    forget_strings(maker);
    return 0;
}

static int do_end(struct maker *maker)
{
    static const char *const reasons[] = {"unknown", "duration", "signal", "target-ended",
                                          "output"};
    Gilwait__Capture__End end = GILWAIT__CAPTURE__END__INIT;

    for (unsigned i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(capture_words_get(&maker->words, 1), reasons[i]) == 0)
            end.reason = (Gilwait__Capture__End__Reason)i;
    return gw_capture_writer_end(maker->writer, &end);
}

static const struct statement {
    const char *name;
    int (*run)(struct maker *maker);
    bool in_block;
} statements[] = {
    {.name = "header", .run = do_header},
    {.name = "process", .run = do_process},
    {.name = "thread", .run = do_thread},
    {.name = "gil", .run = do_gil},
    {.name = "function", .run = do_function},
    {.name = "stack", .run = do_stack},
    {.name = "block", .run = do_block},
    {.name = "gap", .run = do_gap, .in_block = true},
    {.name = "track", .run = do_track, .in_block = true},
    {.name = "native", .run = do_native, .in_block = true},
    {.name = "holders", .run = do_holders, .in_block = true},
    {.name = "quality", .run = do_quality, .in_block = true},
    {.name = "write", .run = do_write},
    {.name = "keyframe", .run = do_keyframe},
    {.name = "reset", .run = do_reset},
    {.name = "end", .run = do_end},
};

static int run_line(struct maker *maker, char *line)
{
    capture_words_split(&maker->words, line);
    if (maker->words.n == 0)
        return 0;
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        if (strcmp(statements[i].name, maker->words.at[0]) == 0 &&
            (maker->block || !statements[i].in_block))
            return statements[i].run(maker);
    return -GW_E_BAD_DATA;
}

static int run_text(struct maker *maker, const char *text)
{
    char *rest = take_text(maker, text);
    int rc = 0;

    forget_strings(maker);
    for (unsigned line = 1; rc == 0 && rest; line++) {
        rc = run_line(maker, strsep(&rest, "\n"));
        if (rc < 0)
            fprintf(stderr, "capture text, line %u: %s\n", line, gw_error_sentence(rc));
    }
    return rc;
}

int capture_text_write(const char *text, int fd)
{
    struct maker *maker = calloc(1, sizeof *maker);
    int rc = maker ? gw_capture_writer_new(fd, &maker->writer) : -ENOMEM;

    if (rc == 0) {
        PRE(data__init)(&maker->data);
        PRE(strings__init)(&maker->strings);
        PRE(functions__init)(&maker->functions);
        PRE(stacks__init)(&maker->stacks);
        rc = run_text(maker, text);
        int closed = gw_capture_writer_free(maker->writer);
        rc = rc < 0 ? rc : closed;
    }
    for (size_t i = 0; maker && i < maker->pool.n; i++)
        free(maker->pool.items[i]);
    if (maker)
        free(maker->pool.items);
    free(maker);
    return rc;
}

int capture_text_memfd(const char *text)
{
    int fd = memfd_create("capture", MFD_CLOEXEC);
    int kept = fd < 0 ? -1 : dup(fd);

    if (kept < 0 || capture_text_write(text, fd) < 0 || lseek(kept, 0, SEEK_SET) != 0)
        abort();
    return kept;
}
