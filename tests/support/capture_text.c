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

#define MAX_WORDS 4096
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
    char *words[MAX_WORDS];
    size_t n_words;
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

/* One word of a line, unquoted in place; returns what follows it. */
static char *next_word(char *at, char **word)
{
    char *out = at;
    bool quoted = false;

    *word = out;
    for (; *at && (quoted || (*at != ' ' && *at != '\t')); at++) {
        unsigned byte;
        if (*at == '"') {
            quoted = !quoted;
        } else if (*at == '\\' && at[1] == 'x' && sscanf(at + 2, "%2x", &byte) == 1) {
            *out++ = (char)byte;
            at += 3;
        } else if (*at == '\\' && at[1]) {
            at++;
            *out++ = *at == 'n' ? '\n' : *at;
        } else {
            *out++ = *at;
        }
    }
    char *rest = *at ? at + 1 : at;
    *out = 0;
    return rest;
}

static void split(struct maker *maker, char *line)
{
    maker->n_words = 0;
    for (char *at = line; *at && maker->n_words < MAX_WORDS;) {
        at += strspn(at, " \t");
        if (!*at || *at == '#')
            break;
        at = next_word(at, &maker->words[maker->n_words++]);
    }
}

/* Value of KEY=VALUE, or NULL. */
static const char *value_of(const struct maker *maker, const char *key)
{
    size_t len = strlen(key);
    for (size_t i = 1; i < maker->n_words; i++)
        if (strncmp(maker->words[i], key, len) == 0 && maker->words[i][len] == '=')
            return maker->words[i] + len + 1;
    return NULL;
}

static uint64_t number(const struct maker *maker, const char *key)
{
    const char *value = value_of(maker, key);
    return value ? strtoull(value, NULL, 0) : 0;
}

static uint32_t number32(const struct maker *maker, const char *key)
{
    return (uint32_t)number(maker, key);
}

static double real(const struct maker *maker, const char *key)
{
    const char *value = value_of(maker, key);
    return value ? strtod(value, NULL) : 0;
}

static uint32_t string(struct maker *maker, const char *key)
{
    const char *value = value_of(maker, key);
    return string_id(maker, value ? value : "");
}

static const char *word(const struct maker *maker, size_t i)
{
    return i < maker->n_words ? maker->words[i] : "";
}

static uint32_t word_number(const struct maker *maker, size_t i)
{
    return (uint32_t)strtoul(word(maker, i), NULL, 0);
}

static int do_header(struct maker *maker)
{
    Gilwait__Capture__Header header = GILWAIT__CAPTURE__HEADER__INIT;
    const char *kernel = value_of(maker, "kernel");

    header.writer = take_text(maker, "gilwait test");
    header.kernel = take_text(maker, kernel ? kernel : "");
    header.cpus = number32(maker, "cpus");
    header.realtime_ns = number(maker, "realtime");
    header.monotonic_ns = number(maker, "monotonic");
    header.rate_hz = real(maker, "rate");
    header.max_cpu = real(maker, "max_cpu");
    return gw_capture_writer_header(maker->writer, &header);
}

static int do_process(struct maker *maker)
{
    Gilwait__Capture__Process *process = take(&maker->pool, sizeof *process);

    PRE(process__init)(process);
    process->id = word_number(maker, 1);
    process->pid = number32(maker, "pid");
    process->ns_pid = number32(maker, "ns_pid");
    process->parent_pid = number32(maker, "ppid");
    process->exe = string(maker, "exe");
    process->python = string(maker, "python");
    process->python_hex = number32(maker, "hex");
    process->free_threaded = number(maker, "ft") != 0;
    process->first_seen_ns = number(maker, "first");
    process->ended_ns = number(maker, "ended");
    process->reason = string(maker, "skipped");
    if (value_of(maker, "skipped"))
        process->status = GILWAIT__CAPTURE__PROCESS__STATUS__SKIPPED;
    APPEND(maker, maker->data.processes, maker->data.n_processes, process);
    return 0;
}

static int do_thread(struct maker *maker)
{
    Gilwait__Capture__Thread *thread = take(&maker->pool, sizeof *thread);

    PRE(thread__init)(thread);
    thread->id = word_number(maker, 1);
    thread->process = number32(maker, "process");
    thread->tid = number32(maker, "tid");
    thread->ns_tid = number32(maker, "ns_tid");
    thread->name = string(maker, "name");
    thread->first_seen_ns = number(maker, "first");
    thread->main = number(maker, "main") != 0;
    APPEND(maker, maker->data.threads, maker->data.n_threads, thread);
    return 0;
}

static int do_gil(struct maker *maker)
{
    Gilwait__Capture__Gil *gil = take(&maker->pool, sizeof *gil);

    PRE(gil__init)(gil);
    gil->id = word_number(maker, 1);
    gil->process = number32(maker, "process");
    gil->interpreter = (int64_t)number(maker, "interpreter");
    APPEND(maker, maker->data.gils, maker->data.n_gils, gil);
    return 0;
}

static int do_function(struct maker *maker)
{
    Gilwait__Capture__Functions *functions = &maker->functions;

    if (functions->n_name == 0)
        functions->first_id = word_number(maker, 1);
    APPEND(maker, functions->name, functions->n_name, string_id(maker, word(maker, 2)));
    APPEND(maker, functions->file, functions->n_file, string_id(maker, word(maker, 3)));
    APPEND(maker, functions->first_line, functions->n_first_line, word_number(maker, 4));
    return 0;
}

static int do_stack(struct maker *maker)
{
    Gilwait__Capture__Stacks *stacks = &maker->stacks;

    if (stacks->n_parent == 0)
        stacks->first_id = word_number(maker, 1);
    APPEND(maker, stacks->parent, stacks->n_parent, word_number(maker, 2));
    APPEND(maker, stacks->function, stacks->n_function, word_number(maker, 3));
    APPEND(maker, stacks->line, stacks->n_line, word_number(maker, 4));
    return 0;
}

static int do_block(struct maker *maker)
{
    Gilwait__Capture__Block *block = take(&maker->pool, sizeof *block);
    size_t n = (size_t)number(maker, "ticks");

    PRE(block__init)(block);
    block->process = number32(maker, "process");
    block->start_ns = number(maker, "start");
    block->dt_ns = take(&maker->pool, (n + 1) * sizeof *block->dt_ns);
    block->n_dt_ns = n;
    for (size_t i = 0; i < n; i++)
        block->dt_ns[i] = number(maker, "dt");
    APPEND(maker, maker->data.blocks, maker->data.n_blocks, block);
    maker->block = block;
    return 0;
}

static int do_gap(struct maker *maker)
{
    APPEND(maker, maker->block->gap_tick, maker->block->n_gap_tick, word_number(maker, 1));
    APPEND(maker, maker->block->gap_ns, maker->block->n_gap_ns, word_number(maker, 2));
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
    track->thread = word_number(maker, 1);
    track->end_tick = number32(maker, "end");
    track->exact = value_of(maker, "cpu") != NULL;
    track->cpu_ns = number(maker, "cpu");
    track->run_queue_ns = number(maker, "queue");
    for (size_t i = 2; i < maker->n_words; i++) {
        unsigned tick, stack = 0, gil = 0;
        char state[32];
        if (sscanf(maker->words[i], "%u:%31[^:]:%u:%u", &tick, state, &stack, &gil) < 2)
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
    holders->gil = word_number(maker, 1);
    holders->switches = number(maker, "switches");
    holders->switch_interval_us = number(maker, "interval");
    for (size_t i = 2; i < maker->n_words; i++) {
        unsigned tick, thread = 0;
        char who[32];
        if (sscanf(maker->words[i], "%u:%31s", &tick, who) < 2)
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

static int do_quality(struct maker *maker)
{
    Gilwait__Capture__Quality *quality = take(&maker->pool, sizeof *quality);

    PRE(quality__init)(quality);
    quality->late = number32(maker, "late");
    quality->torn = number32(maker, "torn");
    quality->dropped = number32(maker, "dropped");
    quality->own_cpu_ns = number(maker, "own_cpu");
    quality->max_rss_bytes = number(maker, "rss");
    quality->rate_hz = real(maker, "rate");
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
        if (strcmp(word(maker, 1), reasons[i]) == 0)
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
    {.name = "holders", .run = do_holders, .in_block = true},
    {.name = "quality", .run = do_quality, .in_block = true},
    {.name = "write", .run = do_write},
    {.name = "keyframe", .run = do_keyframe},
    {.name = "reset", .run = do_reset},
    {.name = "end", .run = do_end},
};

static int run_line(struct maker *maker, char *line)
{
    split(maker, line);
    if (maker->n_words == 0)
        return 0;
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        if (strcmp(statements[i].name, maker->words[0]) == 0 &&
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
